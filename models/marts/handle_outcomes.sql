-- One row per run and handle (or id) asked of the X API (run_id, asked): the truth about every one.
with

requests as (

    select * from {{ source('raw', 'requests') }}

),

handles as (

    select
        run_id,
        status,
        failure,
        answered_at,
        unnest(asked) as handle
    from requests

),

asked as (

    select
        run_id,
        lower(handle) as asked,
        -- an answered request that keeps silent about a handle is an answer too
        bool_or(status = 200 and failure is null) as was_answered,
        max(answered_at) as answered_at
    from handles
    group by run_id, lower(handle)

),

found as (

    select
        users.run_id,
        lower(coalesce(users.requested_handle, staged.author_id)) as asked,
        max(staged.author_id) as author_id
    from {{ ref('stg_x__users_v2') }} as staged
    inner join {{ source('raw', 'users') }} as users on staged.landing_id = users.landing_id
    where users.request_id is not null
    group by users.run_id, lower(coalesce(users.requested_handle, staged.author_id))

),

problems as (

    select
        run_id,
        lower(asked) as asked,
        max_by(problem, struct_pack(request_id, problem, detail)) as problem,
        max_by(detail, struct_pack(request_id, problem, detail)) as detail
    from {{ ref('stg_x__user_errors') }}
    where
        problem <> 'about_a_field'
        and request_id is not null
    group by run_id, lower(asked)

),

outcomes as (

    select
        asked.run_id,
        asked.asked,
        case
            when found.author_id is not null then 'found'
            when problems.problem is not null then problems.problem
            when asked.was_answered then 'missing'
            else 'unanswered'
        end as outcome,
        found.author_id,
        problems.detail,
        asked.answered_at
    from asked
    left join found
        on
            asked.run_id = found.run_id
            and asked.asked = found.asked
    left join problems
        on
            asked.run_id = problems.run_id
            and asked.asked = problems.asked

)

select * from outcomes
