-- One row per run, shape and path that payloads of the shape had in the run (run_id, shape, path).
{%- set few_payloads = 50 -%}
{%- set most_children = 100 %}
with

paths as (

    select * from {{ ref('stg_structures__paths') }}

),

-- An object with very many keys is a map: its keys are data, and come and go.
maps as (

    select
        shape,
        parent_path
    from paths
    group by shape, parent_path
    having count(distinct path) > {{ most_children }}

),

runs as (

    select
        run_id,
        shape,
        sum(payloads) as payloads,
        count(*) filter (where payloads >= {{ few_payloads }}) as parts
    from paths
    where path = '$'
    group by run_id, shape

),

fields as (

    select
        run_id,
        shape,
        path,
        max(parent_path) as parent_path,
        {{ array_of_distinct('type') }} as types,
        count(*) filter (where payloads >= {{ few_payloads }}) as parts
    from paths
    group by run_id, shape, path

),

compared as (

    select
        fields.run_id,
        fields.shape,
        fields.path,
        fields.parent_path,
        fields.types,
        cast(runs.payloads as bigint) as payloads,
        -- In each answer, and in each stretch of a file, that was not tiny: an optional field rarely is.
        fields.parts >= runs.parts as is_everywhere,
        maps.shape is not null as is_key_of_a_map
    from fields
    inner join runs on fields.run_id = runs.run_id and fields.shape = runs.shape
    left join maps on fields.shape = maps.shape and fields.parent_path = maps.parent_path

)

select * from compared
