-- One row per author and stretch of time under one handle (author_id, first_seen_at).
with

observations as (

    select
        author_id,
        handle,
        observed_at,
        run_id,
        payload_hash
    from {{ ref('int_observation_features') }}
    where handle is not null

),

authors as (

    select
        author_id,
        min(handle) as handle,
        min(handle) <> max(handle) as has_several_handles,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at
    from observations
    group by author_id

),

changing as (

    -- Only these few need a sort. Of two handles seen at one time the later run's counts, as in the latest observation.
    select
        observations.author_id,
        observations.observed_at,
        max_by(observations.handle, (observations.run_id, observations.payload_hash)) as handle
    from observations
    inner join authors on observations.author_id = authors.author_id
    where authors.has_several_handles
    group by observations.author_id, observations.observed_at

),

compared as (

    select
        *,
        coalesce(
            lower(handle) <> lag(lower(handle)) over (partition by author_id order by observed_at), true
        ) as is_change
    from changing

),

numbered as (

    select
        *,
        count(*) filter (where is_change) over (
            partition by author_id order by observed_at rows between unbounded preceding and current row
        ) as stretch
    from compared

),

stretches as (

    select
        author_id,
        stretch,
        max_by(handle, observed_at) as handle,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at
    from numbered
    group by author_id, stretch

),

joined as (

    select
        author_id,
        handle,
        lag(handle) over (partition by author_id order by stretch) as previous_handle,
        lead(stretch) over (partition by author_id order by stretch) is null as is_current,
        first_seen_at,
        last_seen_at
    from stretches
    union all
    select
        author_id,
        handle,
        null as previous_handle,
        true as is_current,
        first_seen_at,
        last_seen_at
    from authors
    where not has_several_handles

)

select * from joined
