-- One row per handle landed with curated facts (run_id, file, line_number).
with

source as (

    select * from {{ source('raw', 'curation') }}

),

renamed as (

    -- a list that is named twice in one command is one list
    select distinct
        -- ids
        run_id,
        file,
        line_number,

        -- strings
        handle,
        case
            when trim(topic_tags) <> ''
                then {{ array_where(
                    array_map(split_at('topic_tags', '[;|,]'), 'tag', 'trim(tag)'), 'tag', "tag <> ''"
                ) }}
            -- who sorts handles by category alone has said what they are about
            when trim(category) <> '' then {{ array_of(['trim(category)']) }}
        end as topic_tags,
        nullif(trim(evidence), '') as evidence,
        coalesce(nullif(trim(source_type), ''), 'handle_list') as source_type,

        -- booleans
        {{ utc_timestamp('fetched_at') }} is not null as is_dated,

        -- timestamps
        coalesce({{ utc_timestamp('fetched_at') }}, landed_at) as curated_at
    from source

)

select * from renamed
