-- One row per landed structure and path in it: the path $ is the payload itself, and stands for how many there were.
with

source as (

    select * from {{ source('raw', 'structures') }}

),

walked as (

    {{ json_paths('source', ['run_id', 'shape', 'payloads'], 'structure') | indent }}

),

shallow as (

    -- what lies deeper, or is longer, is data rather than structure
    select * from walked
    where
        length(fullkey) <= 200
        and not {{ matches('fullkey', '(\\..*){5}') }}

),

renamed as (

    select
        -- ids
        run_id,

        -- strings
        shape,
        replace(fullkey, '[0]', '[*]') as path,
        case when fullkey <> '$' then replace(parent, '[0]', '[*]') end as parent_path,
        -- a structure names the type where the payloads have the value; JSON stands for several
        case when type in ('OBJECT', 'ARRAY') then type else atom end as type,

        -- numerics
        payloads
    from shallow

)

select * from renamed
