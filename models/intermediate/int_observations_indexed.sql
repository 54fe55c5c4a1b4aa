{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per observation (landing_id), and which of an author's is the latest.
-- Narrow on purpose: everything that must sort or group ten million users does it here, on a few columns.
with

landed as (

    select
        landing_id,
        run_id,
        author_id,
        observed_at,
        payload_hash,
        tweet_count is not null
        or like_count is not null
        or media_count is not null
        or listed_count is not null
        or following_count is not null
        or account_created_at is not null
        or pinned_tweet_id is not null as has_activity_metrics
    from {{ ref('int_observations_unioned') }}
    where {{ is_due() }}

),

landed_again as (

    select author_id
    from landed
    group by author_id
    having count(*) > 1

),

observations as (

    -- The same payload seen at the same time is the same observation, however often it was landed. The first
    -- landing stands for it: otherwise landing an old file again would win every tie over what came since.
    select
        landed.author_id,
        landed.observed_at,
        landed.payload_hash,
        min(landed.landing_id) as landing_id,
        min(landed.run_id) as run_id,
        bool_or(landed.has_activity_metrics) as has_activity_metrics
    from landed
    inner join landed_again on landed.author_id = landed_again.author_id
    group by landed.author_id, landed.observed_at, landed.payload_hash

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
        author_id,
        has_activity_metrics,
        rank_with_metrics = 1 as is_latest,
        rank_with_metrics = 2 as is_previous,
        rank_in_time = 1 as is_last_seen
    from ranked
    union all
    -- who was landed once, as most of a large population, needs no sort
    select
        landed.landing_id,
        landed.author_id,
        landed.has_activity_metrics,
        true as is_latest,
        false as is_previous,
        true as is_last_seen
    from landed
    left join landed_again on landed.author_id = landed_again.author_id
    where landed_again.author_id is null

)

select * from indexed
