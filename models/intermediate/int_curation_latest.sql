-- One row per author with any curated fact (author_id): each fact from the latest curation that states it.
with

records as (

    -- A record that is landed again is as old as its first landing: it does not turn newer facts back.
    select
        staged.author_id,
        staged.curated_at,
        staged.landing_id as curation_order,
        cast(null as varchar) as file,
        staged.topic_tags,
        staged.lang_primary,
        staged.sources as record_sources,
        cast(null as struct(method varchar, fetched_at varchar, evidence varchar)) as list_source,
        staged.is_org,
        staged.is_official,
        staged.is_banned
    from {{ ref('stg_datasets__records') }} as staged
    inner join {{ ref('int_observations_indexed') }} as indexed on staged.landing_id = indexed.landing_id

),

handle_lists as (

    select * from {{ ref('stg_handles__curation') }}

),

handle_owners as (

    -- A handle list knows no ids: a curated handle belongs to the author last seen under it.
    select
        lower(unioned.handle) as handle_key,
        max_by(unioned.author_id, struct_pack(unioned.observed_at, unioned.author_id)) as author_id
    from {{ ref('int_observations_unioned') }} as unioned
    where lower(unioned.handle) in (select lower(handle) from handle_lists)
    group by lower(unioned.handle)

),

listed as (

    select
        handle_owners.author_id,
        handle_lists.curated_at,
        -- after every record of the same time, and in the order of landing
        1000000000000000 + handle_lists.run_id * 1000000000 + handle_lists.line_number as curation_order,
        handle_lists.file,
        handle_lists.topic_tags,
        cast(null as varchar) as lang_primary,
        cast(null as struct(method varchar, fetched_at varchar, evidence varchar)[]) as record_sources,
        case
            when handle_lists.evidence is not null
                then {
                    'method': handle_lists.source_type,
                    'fetched_at': {{ rfc3339('handle_lists.curated_at') }},
                    'evidence': handle_lists.evidence
                }
        end as list_source,
        cast(null as boolean) as is_org,
        cast(null as boolean) as is_official,
        cast(null as boolean) as is_banned
    from handle_lists
    inner join handle_owners on lower(handle_lists.handle) = handle_owners.handle_key

),

curated as (

    select * from records
    union all
    select * from listed

),

known as (

    select * from curated
    {%- if var('as_of') %}
    where {{ happened_by_as_of('curated_at') }}
    {%- endif %}

),

latest as (

    select
        author_id,
        {% for fact in [
            'topic_tags', 'lang_primary', 'record_sources', 'list_source', 'is_org', 'is_official', 'is_banned',
        ] -%}
        max_by({{ fact }}, struct_pack(curated_at, curation_order, file))
        filter (where {{ fact }} is not null) as {{ fact }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from known
    group by author_id

),

sourced as (

    -- sources are appended to, never replaced: a list stands behind what the record knew
    select
        author_id,
        topic_tags,
        lang_primary,
        case
            when list_source is null or list_contains(record_sources, list_source) then record_sources
            else list_append(coalesce(record_sources, []), list_source)
        end as sources,
        is_org,
        is_official,
        is_banned
    from latest

)

select * from sourced
