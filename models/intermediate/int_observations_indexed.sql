{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per observation (author_id, observed_at, payload_hash), and which of an author's is the latest.
-- Narrow on purpose: everything that must sort or group ten million users does it here, on a few columns.
with

landed as (

    select
        landing_id,
        run_id,
        author_id,
        observed_at,
        payload_hash,
        coalesce(
            cast(tweet_count as varchar), cast(like_count as varchar), cast(media_count as varchar),
            cast(listed_count as varchar), cast(following_count as varchar),
            cast(account_created_at as varchar), pinned_tweet_id
        ) is not null as has_activity_metrics
    from {{ ref('int_observations_unioned') }}
    where {{ is_due() }}

),

observations as (

    -- The same payload seen at the same time is the same observation, however often it was landed. The first
    -- landing stands for it: otherwise landing an old file again would win every tie over what came since.
    select
        author_id,
        observed_at,
        payload_hash,
        min(landing_id) as landing_id,
        min(run_id) as run_id,
        bool_or(has_activity_metrics) as has_activity_metrics
    from landed
    group by author_id, observed_at, payload_hash

),

ranked as (

    -- An observation without metrics never hides one that has them; what it says of access still counts.
    select
        *,
        row_number() over (
            partition by author_id
            order by has_activity_metrics desc, observed_at desc, run_id desc, payload_hash desc
        ) as rank_with_metrics,
        row_number() over (
            partition by author_id
            order by observed_at desc, run_id desc, payload_hash desc
        ) as rank_in_time
    from observations

),

indexed as (

    select
        landing_id,
        run_id,
        author_id,
        observed_at,
        payload_hash,
        has_activity_metrics,
        rank_with_metrics = 1 as is_latest,
        rank_with_metrics = 2 as is_previous,
        rank_in_time = 1 as is_last_seen
    from ranked

)

select * from indexed
