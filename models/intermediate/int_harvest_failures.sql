-- One row per run that asked X (run_id): its requests, and those that were given up after every retry.
with

requests as (

    -- the same list asked again is a retry, in another dialect too; halves of it are requests of their own
    select
        run_id,
        asked_by,
        asked,
        bool_or(kind = 'page') as has_page
    from {{ source('raw', 'requests') }}
    group by run_id, asked_by, asked

),

failed as (

    select
        run_id,
        asked_by,
        asked as request,
        {{ unnested('asked') }} as target
    from requests
    where not has_page

),

given_up as (

    -- a request that failed and whose handles were all answered for elsewhere was not given up, but divided
    select
        failed.run_id,
        count(distinct {{ struct_of({'asked_by': 'failed.asked_by', 'request': 'failed.request'}) }}) as given_up
    from failed
    inner join {{ ref('handle_outcomes') }} as outcomes
        on
            failed.run_id = outcomes.run_id
            and failed.asked_by = outcomes.asked_by
            and lower(failed.target) = outcomes.asked
    where outcomes.outcome = 'unanswered'
    group by failed.run_id

),

counted as (

    select
        run_id,
        count(*) as requests
    from requests
    group by run_id

),

shared as (

    select
        counted.run_id,
        counted.requests,
        coalesce(given_up.given_up, 0) as given_up,
        coalesce(given_up.given_up, 0) / counted.requests as share_given_up
    from counted
    left join given_up on counted.run_id = given_up.run_id

)

select * from shared
