-- One row per run and handle or id that it is to ask X for (run_id, asked_by, asked): the truth about every one.
with

targets as (

    select
        run_id,
        asked_by,
        lower(target) as asked,
        max(fetched_by_run) as fetched_by_run
    from {{ source('raw', 'targets') }}
    group by run_id, asked_by, lower(target)

),

requests as (

    select
        request_id,
        run_id,
        asked_by,
        kind,
        failure,
        answered_at,
        asked
    from {{ source('raw', 'requests') }}

),

asked as (

    select
        request_id,
        run_id,
        asked_by,
        kind,
        kind = 'bad_request' and {{ array_size('asked') }} = 1 as is_refused,
        failure,
        answered_at,
        {{ unnested('asked') }} as target
    from requests

),

tried as (

    -- retries, halved batches and resumed runs ask for the same handle again
    select
        run_id,
        asked_by,
        lower(target) as asked,
        -- an answer that keeps silent about a handle is an answer too
        bool_or(kind = 'page') as was_answered,
        max_by(is_refused, request_id) as was_refused,
        max_by(failure, request_id) filter (where failure is not null) as failure,
        coalesce(max(answered_at) filter (where kind = 'page'), max(answered_at)) as answered_at
    from asked
    group by run_id, asked_by, lower(target)

),

shown as (

    select
        users.request_id,
        users.run_id,
        staged.author_id,
        lower(staged.handle) as handle_key
    from {{ ref('stg_x__users_v2') }} as staged
    inner join {{ source('raw', 'users') }} as users on staged.landing_id = users.landing_id
    where users.request_id is not null

),

found as (

    select
        requests.run_id,
        requests.asked_by,
        case requests.asked_by when 'id' then shown.author_id else shown.handle_key end as asked,
        max(shown.author_id) as author_id
    from shown
    inner join requests on shown.request_id = requests.request_id
    group by
        requests.run_id,
        requests.asked_by,
        case requests.asked_by when 'id' then shown.author_id else shown.handle_key end

),

shown_before as (

    -- what one run asked for by handle, a later one of the same day may want by id
    select
        run_id,
        'id' as asked_by,
        author_id as asked,
        author_id
    from shown
    where run_id in (select fetched_by_run from targets)
    union all
    select
        run_id,
        'handle' as asked_by,
        handle_key as asked,
        author_id
    from shown
    where run_id in (select fetched_by_run from targets)

),

found_before as (

    select
        run_id,
        asked_by,
        asked,
        max(author_id) as author_id
    from shown_before
    group by run_id, asked_by, asked

),

problems as (

    select
        requests.run_id,
        requests.asked_by,
        lower(errors.asked) as asked,
        max_by(errors.problem, (errors.request_id, errors.problem, errors.detail)) as problem,
        max_by(errors.detail, (errors.request_id, errors.problem, errors.detail)) as detail
    from {{ ref('stg_x__user_errors') }} as errors
    inner join requests on errors.request_id = requests.request_id
    where errors.problem <> 'about_a_field'
    group by requests.run_id, requests.asked_by, lower(errors.asked)

),

outcomes as (

    select
        -- ids
        targets.run_id,
        targets.asked_by,
        targets.asked,

        -- strings
        case
            when found.author_id is not null then 'found'
            when problems.problem is not null then problems.problem
            when tried.was_answered then 'missing'
            when tried.was_refused then 'refused_by_x'
            when tried.run_id is not null then 'unanswered'
            when targets.fetched_by_run is not null then 'fetched_today'
            else 'pending'
        end as outcome,
        coalesce(found.author_id, case when tried.run_id is null then found_before.author_id end) as author_id,
        targets.fetched_by_run,
        case
            when found.author_id is not null then null
            when tried.was_answered then problems.detail
            else tried.failure
        end as detail,

        -- timestamps
        tried.answered_at
    from targets
    left join tried
        on
            targets.run_id = tried.run_id
            and targets.asked_by = tried.asked_by
            and targets.asked = tried.asked
    left join found
        on
            targets.run_id = found.run_id
            and targets.asked_by = found.asked_by
            and targets.asked = found.asked
    left join problems
        on
            targets.run_id = problems.run_id
            and targets.asked_by = problems.asked_by
            and targets.asked = problems.asked
    left join found_before
        on
            targets.fetched_by_run = found_before.run_id
            and targets.asked_by = found_before.asked_by
            and targets.asked = found_before.asked

)

select * from outcomes
