-- One row per author with any curated fact (author_id): each fact from the latest curation that states it.
with

records as (

    select
        author_id,
        curated_at,
        landing_id as curation_order,
        topic_tags,
        lang_primary,
        sources,
        is_org,
        is_official,
        is_banned
    from {{ ref('stg_datasets__records') }}
    {%- if var('as_of') %}
    where curated_at <= {{ as_of_override() }}
    {%- endif %}

),

handle_owners as (

    -- A handle list knows no ids: a curated handle belongs to the author last seen under it.
    select
        lower(unioned.handle) as handle_key,
        max_by(unioned.author_id, unioned.observed_at) as author_id
    from {{ ref('int_observations_unioned') }} as unioned
    where lower(unioned.handle) in (select lower(handle) from {{ ref('stg_handles__curation') }})
    group by lower(unioned.handle)

),

handle_lists as (

    select
        handle_owners.author_id,
        curation.curated_at,
        curation.run_id * 1000000000 + curation.line_number as curation_order,
        curation.topic_tags,
        cast(null as varchar) as lang_primary,
        case
            when curation.evidence is not null
                then [{
                    'method': curation.source_type,
                    'fetched_at': {{ rfc3339('curation.curated_at') }},
                    'evidence': curation.evidence
                }]
        end as sources,
        cast(null as boolean) as is_org,
        cast(null as boolean) as is_official,
        cast(null as boolean) as is_banned
    from {{ ref('stg_handles__curation') }} as curation
    inner join handle_owners on lower(curation.handle) = handle_owners.handle_key

),

curated as (

    select * from records
    union all
    select * from handle_lists

),

latest as (

    select
        author_id,
        {% for fact in ['topic_tags', 'lang_primary', 'sources', 'is_org', 'is_official', 'is_banned'] -%}
        max_by({{ fact }}, struct_pack(curated_at, curation_order)) filter (where {{ fact }} is not null) as {{ fact }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from curated
    group by author_id

)

select * from latest
