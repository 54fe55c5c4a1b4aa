-- One row: the time as of which the gate judges, and the harvest whose handles and requests it looks at.
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

moment as (

    select
        clock.as_of,
        harvests.harvest_run_id
    from clock
    cross join harvests

)

select * from moment
