-- One row per author with any curated source (author_id): every source that was ever stated, each once, in the order of
-- curation. The order of two statements of one moment is that of their landing.
with

statements as (

    select
        author_id,
        curated_at,
        curation_order,
        file,
        sources
    from {{ ref('int_curation') }}
    where {{ array_size('sources') }} > 0

),

repeated as (

    -- Only these few need a sort: most authors stand in one data set alone.
    select author_id
    from statements
    group by author_id
    having count(*) > 1

),

collected as (

    select
        author_id,
        {{ array_ordered_by('sources', '(curated_at, curation_order, file)') }} as statements
    from statements
    where author_id in (select author_id from repeated)
    group by author_id

),

appended as (

    select
        author_id,
        flatten(statements) as sources
    from collected
    union all
    select
        author_id,
        sources
    from statements
    where author_id not in (select author_id from repeated)

),

keyed as (

    -- texts are compared far faster than structs
    select
        *,
        {{ array_map(
            'sources', 'source', 'concat_ws(chr(10), source.method, source.fetched_at, source.evidence)'
        ) }} as keys
    from appended

),

deduplicated as (

    select
        author_id,
        {{ array_first_of_each('sources', 'keys') }} as sources
    from keyed

)

select * from deduplicated
