-- One row per request to the X API (request_id), with the users that X bills it for.
with

requests as (

    select * from {{ source('raw', 'requests') }}

),

returned as (

    select
        request_id,
        cast(answered_at as date) as day,
        {{ unnested('returned') }} as user_id
    from requests

),

first_of_the_day as (

    -- X bills a user once a UTC day, however often and by whichever run it is asked for
    select
        day,
        user_id,
        min(request_id) as request_id
    from returned
    group by day, user_id

),

counted as (

    select
        request_id,
        count(*) as users_billed
    from first_of_the_day
    group by request_id

),

billed as (

    select
        -- ids
        requests.request_id,
        requests.run_id,

        -- strings
        requests.asked_by,
        requests.asked,
        requests.kind,
        requests.returned,

        -- numerics
        requests.rate_limit,
        coalesce(counted.users_billed, 0) as users_billed,
        coalesce(counted.users_billed, 0) * runs.user_price_usd as cost_usd,
        coalesce(counted.users_billed, 0)
        * (runs.user_price_usd + case when runs.with_posts then runs.post_price_usd else 0 end) as cost_usd_upper,

        -- timestamps
        requests.sent_at,
        requests.answered_at
    from requests
    inner join {{ source('raw', 'runs') }} as runs on requests.run_id = runs.run_id
    left join counted on requests.request_id = counted.request_id

)

select * from billed
