-- One row per observation (author_id, observed_at, payload_hash): the metrics as they were seen.
select
    author_id,
    handle,
    observed_at,
    payload_hash,
    run_id,
    verified,
    followers_count,
    following_count,
    tweet_count,
    like_count,
    media_count,
    listed_count,
    account_created_at,
    pinned_tweet_id,
    most_recent_tweet_id,
    has_activity_metrics,
    is_placeholder,
    is_latest
from {{ ref('int_observation_features') }}
