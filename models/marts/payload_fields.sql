-- One row per shape of payload and path (shape, path): the fields that were ever landed, and when.
with

fields as (

    select * from {{ ref('int_run_fields') }}
    where not is_key_of_a_map

),

summarised as (

    select
        shape,
        path,
        array_sort(array_distinct({{ array_of_arrays('types') }})) as types,
        min(run_id) as first_run_id,
        max(run_id) as last_run_id,
        count(*) as runs
    from fields
    group by shape, path

)

select * from summarised
