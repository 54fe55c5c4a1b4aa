{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per author (author_id): the latest observation with the latest curated facts, without the profile's text.
with

observations as (

    select *
    from {{ ref('int_observation_features') }}
    where
        is_latest
        and {{ is_due() }}

),

last_seen as (

    -- a protected account answers without metrics: its numbers are older than the news that it is protected
    select
        author_id,
        observed_at,
        is_protected,
        is_withheld
    from {{ ref('int_observation_features') }}
    where
        is_last_seen
        and not is_latest
        and {{ is_due() }}

),

curation as (

    select * from {{ ref('int_curation_latest') }}

),

thresholds as (

    select
        max(value) filter (where threshold = 'entry_followers') as entry_followers,
        max(value) filter (where threshold = 'entry_followers_verified') as entry_followers_verified
    from {{ ref('thresholds') }}

),

curated as (

    select
        -- ids
        observations.author_id,
        observations.landing_id,
        observations.run_id,

        -- strings
        observations.handle,
        observations.verified,
        observations.unknown_verified,
        curation.lang_primary,
        coalesce(curation.topic_tags, {{ array_of([]) }}) as topic_tags,

        -- numerics
        observations.followers_count,
        observations.following_count,
        observations.tweet_count,
        observations.like_count,
        observations.media_count,
        observations.listed_count,
        observations.posts_counted,
        observations.posts_30d,
        observations.window_days,
        observations.repaired_stamps,
        observations.unknown_zeros,

        -- booleans
        observations.has_name,
        observations.has_activity_metrics,
        observations.is_placeholder,
        observations.is_created_after_as_of,
        coalesce(last_seen.is_protected, observations.is_protected) as is_protected_now,
        coalesce(last_seen.is_withheld, observations.is_withheld) as is_withheld_now,
        coalesce(curation.is_org, false) as is_org_curated,
        coalesce(curation.is_official, false) or observations.is_government as is_official,
        coalesce(curation.is_banned, false) as is_banned_curated,
        coalesce(
            observations.followers_count >= thresholds.entry_followers
            or (
                observations.verified in ('blue', 'org', 'legacy')
                and observations.followers_count >= thresholds.entry_followers_verified
            ),
            false
        ) as entry_threshold_passed,

        -- timestamps
        observations.account_created_at,
        observations.most_recent_post_at,
        observations.observed_at,
        coalesce(last_seen.observed_at, observations.observed_at) as last_observed_at,
        observations.as_of
    from observations
    left join last_seen on observations.author_id = last_seen.author_id
    left join curation on observations.author_id = curation.author_id
    cross join thresholds

)

select * from curated
