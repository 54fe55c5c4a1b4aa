-- One row per observation (landing_id): every number that a score is made of, and no text.
-- A table: each model version reads it, and so do the history and the latest.
select
    -- ids
    landing_id,
    run_id,
    author_id,
    payload_hash,

    -- strings
    handle,
    verified,
    pinned_tweet_id,
    most_recent_tweet_id,

    -- numerics
    followers_count,
    following_count,
    tweet_count,
    like_count,
    media_count,
    listed_count,
    age_days,
    tag_points_m2_0,
    keyword_points_m2_0,

    -- booleans
    has_activity_metrics,
    is_placeholder,
    is_created_after_as_of,
    is_latest,

    -- timestamps
    observed_at,
    as_of,
    account_created_at
from {{ ref('int_observations_matched') }}
