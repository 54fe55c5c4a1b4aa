{{ config(pre_hook=["{{ forget(is_due()) }}", "{{ set_keyword_stretches() }}"]) }}
-- One row per observation (landing_id): everything that was observed but the text of the profile and ids of posts.
-- A table: each model version reads it, and so do the history and the latest.
with

observations as (

    select
        *,
        {{ post_time('most_recent_tweet_id') }} as most_recent_post_at,
        {{ post_time('pinned_tweet_id') }} as pinned_post_at
    from {{ ref('int_observations_matched') }}

),

windows as (

    select * from {{ ref('int_posting_windows') }}

),

features as (

    select
        -- ids
        observations.landing_id,
        observations.run_id,
        observations.author_id,
        observations.payload_hash,

        -- strings
        observations.handle,
        observations.verified,
        observations.unknown_verified,

        -- numerics
        observations.followers_count,
        observations.following_count,
        observations.tweet_count,
        observations.like_count,
        observations.media_count,
        observations.listed_count,
        observations.age_days,
        windows.posts_counted,
        windows.posts_30d,
        windows.window_days,
        observations.tag_points_m2_0,
        observations.keyword_points_m2_0,
        observations.topic_points,
        observations.keyword_points_m2_1,
        observations.repaired_stamps,
        observations.unknown_zeros,

        -- booleans
        observations.has_activity_metrics,
        observations.is_placeholder,
        observations.is_created_after_as_of,
        observations.is_latest,
        observations.is_last_seen,
        observations.is_protected,
        observations.is_withheld,
        observations.is_government,
        observations.pinned_tweet_id is not null as has_pinned_post,
        coalesce({{ without_nul('observations.name') }} <> '', false) as has_name,
        coalesce({{ matches('observations.description', '[^\\p{Zs}]') }}, false) as has_description,

        -- timestamps
        observations.observed_at,
        observations.as_of,
        observations.account_created_at,
        observations.most_recent_post_at,
        -- a pinned post may be of yesterday or of ten years ago: alone it tells nothing of the latest
        case
            when observations.most_recent_post_at is not null
                then greatest(observations.most_recent_post_at, observations.pinned_post_at)
        end as latest_post_at
    from observations
    left join windows on observations.landing_id = windows.landing_id

)

select * from features
