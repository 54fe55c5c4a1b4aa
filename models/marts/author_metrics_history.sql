-- One row per observation (author_id, observed_at, payload_hash): the metrics as they were seen.
with

features as (

    select * from {{ ref('int_observation_features') }}

),

posts as (

    select
        landing_id,
        pinned_tweet_id,
        most_recent_tweet_id
    from {{ ref('int_observations_unioned') }}

),

described as (

    select
        features.author_id,
        features.handle,
        features.observed_at,
        features.payload_hash,
        features.run_id,
        features.verified,
        features.followers_count,
        features.following_count,
        features.tweet_count,
        features.like_count,
        features.media_count,
        features.listed_count,
        features.account_created_at,
        posts.pinned_tweet_id,
        posts.most_recent_tweet_id,
        features.has_activity_metrics,
        features.is_placeholder,
        features.is_latest
    from features
    inner join posts on features.landing_id = posts.landing_id

)

select * from described
