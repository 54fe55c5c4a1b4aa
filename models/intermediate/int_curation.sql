-- One row per statement of curated facts (author_id, run_id, file, line_number): a data set record, or a line of a
-- handle list.
with

records as (

    -- A record that is landed again is as old as its first landing: it does not turn newer facts back.
    select
        staged.author_id,
        staged.run_id,
        staged.file,
        staged.line_number,
        staged.curated_at,
        staged.landing_id as curation_order,
        staged.topic_tags,
        staged.lang_primary,
        staged.sources,
        staged.is_org,
        staged.is_official,
        staged.is_banned
    from {{ ref('stg_datasets__records') }} as staged
    inner join {{ ref('int_observations_indexed') }} as indexed on staged.landing_id = indexed.landing_id

),

handle_lists as (

    select
        *,
        -- A line that names no time, and lands every week with its list, is one source: from its first landing on.
        case
            when is_dated then curated_at
            else min(curated_at) over (partition by is_dated, lower(handle), source_type, evidence)
        end as source_fetched_at
    from {{ ref('stg_handles__curation') }}

),

handle_owners as (

    -- A handle list knows no ids: a curated handle belongs to the author last seen under it.
    select
        lower(unioned.handle) as handle_key,
        max_by(unioned.author_id, (unioned.observed_at, unioned.author_id)) as author_id
    from {{ ref('int_observations_unioned') }} as unioned
    where lower(unioned.handle) in (select lower(handle) from handle_lists)
    group by lower(unioned.handle)

),

listed as (

    select
        handle_owners.author_id,
        handle_lists.run_id,
        handle_lists.file,
        handle_lists.line_number,
        handle_lists.curated_at,
        -- after every record of the same time, and in the order of landing
        1000000000000000 + handle_lists.run_id * 1000000000 + handle_lists.line_number as curation_order,
        handle_lists.topic_tags,
        cast(null as string) as lang_primary,
        case
            when handle_lists.evidence is not null
                then {{ array_of([struct_of({
                    'method': 'handle_lists.source_type',
                    'fetched_at': rfc3339('handle_lists.source_fetched_at'),
                    'evidence': 'handle_lists.evidence',
                })]) }}
        end as sources,
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

)

select * from known
