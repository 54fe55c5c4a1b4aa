-- One row: the time as of which the gate judges, the harvest whose handles and requests it looks at, and how far this
-- build reaches.
with

runs as (

    select
        run_id,
        started_at
    from {{ source('raw', 'runs') }}
    {%- if var('as_of') %}
    where {{ happened_by_as_of('started_at') }}
    {%- endif %}

),

harvests as (

    select max(run_id) as harvest_run_id
    from {{ source('raw', 'targets') }}
    where run_id in (select run_id from runs)

),

clock as (

    -- landed data, not the wall clock: the same warehouse is judged alike next year
    {% if var('as_of') -%}
    select {{ as_of_override() }} as as_of
    {%- else -%}
    select max_by(started_at, run_id) as as_of
    from runs
    {%- endif %}

),

payloads as (

    {% for model in ['stg_x__users_v2', 'stg_x__users_v1', 'stg_scraped__users', 'stg_datasets__records'] -%}
    select max(landing_id) as landing_id from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

landed as (

    select max(landing_id) as landed_to from payloads

),

last_rows as (

    select
        (select max(run_id) from {{ source('raw', 'curation') }}) as listed_to,
        (select max(request_id) from {{ source('raw', 'requests') }}) as requested_to

),

answered as (

    select max(answered_at) as answered_to
    from {{ source('raw', 'requests') }}
    where kind = 'page'

),

moment as (

    select
        clock.as_of,
        harvests.harvest_run_id,
        landed.landed_to,
        ({{ landed_checksum('landed.landed_to') }}) as landed_checksum,
        last_rows.listed_to,
        last_rows.requested_to,
        answered.answered_to
    from clock
    cross join harvests
    cross join landed
    cross join last_rows
    cross join answered

)

select * from moment
