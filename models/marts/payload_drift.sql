-- One row per shape, path and change (shape, path, change) in the latest run that landed enough of the shape: a
-- field that no earlier run had, or that every earlier one had and this one has not. Of a field and what is in it,
-- the field alone is named.
{%- set enough_payloads = 100 %}
with

fields as (

    select * from {{ ref('int_run_fields') }}

),

large_runs as (

    select
        run_id,
        shape,
        payloads
    from fields
    where path = '$' and payloads >= {{ enough_payloads }}

),

-- The latest run of each shape, and how many earlier ones it can be held against: none, no drift.
latest_runs as (

    select
        shape,
        max(run_id) as run_id,
        max_by(payloads, run_id) as payloads,
        count(*) - 1 as earlier_large_runs
    from large_runs
    group by shape
    having count(*) > 1

),

now as (

    select
        fields.*,
        latest_runs.earlier_large_runs
    from fields
    inner join latest_runs on fields.shape = latest_runs.shape and fields.run_id = latest_runs.run_id

),

before as (

    select
        fields.shape,
        fields.path,
        max(fields.parent_path) as parent_path,
        array_sort(array_distinct({{ array_of_arrays('fields.types') }})) as types,
        bool_or(fields.is_key_of_a_map) as is_key_of_a_map,
        count(*) filter (where fields.payloads >= {{ enough_payloads }} and fields.is_everywhere) as steady_runs
    from fields
    inner join latest_runs on fields.shape = latest_runs.shape and fields.run_id < latest_runs.run_id
    group by fields.shape, fields.path

),

new_fields as (

    select
        now.shape,
        now.path,
        'new' as change,
        now.run_id,
        {{ array_text('now.types', "' or '") }} || ', in no earlier run' as detail
    from now
    -- What is mixed with other types is merged to JSON, and what was in it is not known.
    inner join before as parents
        on
            now.shape = parents.shape
            and now.parent_path = parents.path
            and not array_contains(parents.types, 'JSON')
    left join before on now.shape = before.shape and now.path = before.path
    where before.path is null and not now.is_key_of_a_map

),

vanished_fields as (

    select
        before.shape,
        before.path,
        'vanished' as change,
        latest_runs.run_id,
        {{ array_text('before.types', "' or '") }} || ' in every earlier run, in none of '
        || latest_runs.payloads || ' payloads' as detail
    from before
    inner join latest_runs on before.shape = latest_runs.shape and before.steady_runs = latest_runs.earlier_large_runs
    inner join now as parents
        on
            before.shape = parents.shape
            and before.parent_path = parents.path
            and not array_contains(parents.types, 'JSON')
    left join now on before.shape = now.shape and before.path = now.path
    where now.path is null and not before.is_key_of_a_map

),

drift as (

    select * from new_fields
    union all
    select * from vanished_fields

)

select * from drift
