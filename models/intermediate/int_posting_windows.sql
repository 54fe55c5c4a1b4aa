-- One row per observation with an earlier one at least 7 days before (landing_id): the posts written in between.
-- Of all spans that end here the one nearest to 30 days counts: that is the rate of last month, at no request's cost.
with

counted as (

    -- zeros that were filled in are no count to start from or to end at
    select
        landing_id,
        author_id,
        observed_at,
        payload_hash,
        tweet_count
    from {{ ref('int_observations') }}
    where
        tweet_count is not null
        and not is_placeholder

),

seen_again as (

    -- most authors of a large population were seen once: nothing of theirs need be sorted
    select distinct author_id
    from {{ ref('int_observations') }}
    where is_latest is not true

),

moments as (

    select
        counted.author_id,
        counted.observed_at,
        max_by(counted.tweet_count, counted.payload_hash) as tweet_count
    from counted
    inner join seen_again on counted.author_id = seen_again.author_id
    group by counted.author_id, counted.observed_at

),

candidates as (

    select
        author_id,
        observed_at,
        max(observed_at) over (
            partition by author_id
            order by observed_at
            range between unbounded preceding and interval 30 days preceding
        ) as longer_since,
        min(observed_at) over (
            partition by author_id
            order by observed_at
            range between interval 30 days preceding and interval 7 days preceding
        ) as shorter_since
    from moments

),

chosen as (

    select
        author_id,
        observed_at,
        case
            when longer_since is null then shorter_since
            when shorter_since is null then longer_since
            -- as near on either side: the more recent one
            when
                (observed_at - interval 30 days) - longer_since
                < shorter_since - (observed_at - interval 30 days)
                then longer_since
            else shorter_since
        end as since
    from candidates
    where
        longer_since is not null
        or shorter_since is not null

),

spans as (

    select
        counted.landing_id,
        counted.tweet_count - moments.tweet_count as posts,
        {{ whole_days('chosen.since', 'chosen.observed_at') }} as window_days
    from counted
    inner join chosen
        on
            counted.author_id = chosen.author_id
            and counted.observed_at = chosen.observed_at
    inner join moments
        on
            chosen.author_id = moments.author_id
            and chosen.since = moments.observed_at

),

brought as (

    -- what a release says of its window stands: the observation at its other end may not be here
    select
        landing_id,
        posts_30d as posts,
        window_days
    from {{ ref('int_observations') }}
    where
        posts_30d is not null
        and window_days >= 7

),

windows as (

    select
        coalesce(brought.landing_id, spans.landing_id) as landing_id,
        coalesce(brought.posts, spans.posts) as posts_counted,
        -- posts that were deleted are none that were written: the lower count is a data finding
        greatest(0, coalesce(brought.posts, spans.posts)) as posts_30d,
        coalesce(brought.window_days, spans.window_days) as window_days
    from spans
    full outer join brought on spans.landing_id = brought.landing_id

)

select * from windows
