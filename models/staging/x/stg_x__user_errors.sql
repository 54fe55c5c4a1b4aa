-- One row per problem that an X API answer reports about one asked-for handle or id.
with

source as (

    select * from {{ source('raw', 'user_errors') }}

),

parsed as (

    select
        run_id,
        request_id,
        observed_at,
        {{ json_as(
            'payload',
            '{
                "value": "VARCHAR", "resource_id": "VARCHAR", "parameter": "VARCHAR", "title": "VARCHAR",
                "detail": "VARCHAR", "type": "VARCHAR", "section": "VARCHAR"
            }'
        ) }} as x
    from source

),

renamed as (

    select
        -- ids
        run_id,
        request_id,

        -- strings
        -- The asked-for value may be missing: it then stands in brackets in the detail.
        coalesce(
            x.value, x.resource_id, nullif(regexp_extract(x.detail, {{ regex('\\[([^\\]]+)\\]') }}, 1), '')
        ) as asked,
        x.title as title,
        x.detail as detail,
        case
            when x.section = 'includes' or {{ matches('x.type', '/field-[^/]*$') }} then 'about_a_field'
            when x.detail ilike '%suspended%' then 'suspended'
            when {{ matches('x.type', 'resource-not-found$') }} then 'not_found'
            when {{ matches('x.type', 'not-authorized-for-resource$') }} then 'protected'
            when x.detail ilike '%withheld%' then 'withheld'
            else 'other'
        end as problem,

        -- timestamps
        observed_at
    from parsed

)

select * from renamed
