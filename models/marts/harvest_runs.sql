-- One row per harvest (run_id): how far it came and what it cost. It reads raw alone, so that it needs no new build.
with

targets as (

    select
        run_id,
        count(*) as targets,
        count(fetched_by_run) as fetched_today
    from {{ source('raw', 'targets') }}
    group by run_id

),

requests as (

    select * from {{ ref('int_requests_billed') }}

),

asked as (

    -- a page answers for all that it was asked for; a refusal is an answer where it can only mean one
    select
        run_id,
        asked_by,
        {{ unnested('asked') }} as target
    from requests
    where
        kind = 'page'
        or (kind = 'bad_request' and {{ array_size('asked') }} = 1)

),

answered as (

    select
        run_id,
        count(distinct {{ struct_of({'asked_by': 'asked_by', 'target': 'lower(target)'}) }}) as answered
    from asked
    -- who was purged is no target any more; a name in their place remains in what was billed
    where lower(target) not like 'purged:%'
    group by run_id

),

returned as (

    select
        run_id,
        asked_by,
        {{ unnested('returned') }} as user_id
    from requests

),

found as (

    select
        run_id,
        count(distinct {{ struct_of({'asked_by': 'asked_by', 'user_id': 'user_id'}) }}) as found
    from returned
    group by run_id

),

summed as (

    select
        run_id,
        count(*) as requests,
        count(*) filter (where kind <> 'page') as failed_requests,
        cast(sum(users_billed) as bigint) as users_billed,
        sum(cost_usd) as cost_usd,
        sum(cost_usd_upper) as cost_usd_upper,
        min(sent_at) as first_request_at,
        max(sent_at) as last_request_at,
        max_by(rate_limit, request_id) filter (where rate_limit is not null) as rate_limit
    from requests
    group by run_id

),

described as (

    select
        -- ids
        runs.run_id,

        -- strings
        runs.status,

        -- numerics
        coalesce(targets.targets, 0) as targets,
        coalesce(targets.fetched_today, 0) as fetched_today,
        coalesce(answered.answered, 0) as answered,
        coalesce(found.found, 0) as found,
        coalesce(summed.requests, 0) as requests,
        coalesce(summed.failed_requests, 0) as failed_requests,
        coalesce(summed.users_billed, 0) as users_billed,
        cast(coalesce(summed.cost_usd, 0) as decimal(38, 6)) as cost_usd,
        cast(coalesce(summed.cost_usd_upper, 0) as decimal(38, 6)) as cost_usd_upper,
        summed.rate_limit,

        -- timestamps
        runs.started_at,
        runs.finished_at,
        summed.first_request_at,
        summed.last_request_at
    from {{ source('raw', 'runs') }} as runs
    left join targets on runs.run_id = targets.run_id
    left join summed on runs.run_id = summed.run_id
    left join answered on runs.run_id = answered.run_id
    left join found on runs.run_id = found.run_id

)

select * from described
