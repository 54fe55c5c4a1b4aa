-- One row per author, curated fact and statement of it (author_id, fact, run_id, file, line_number).
with

stated as (

    select
        author_id,
        run_id,
        file,
        line_number,
        curated_at,
        curation_order,
        unnest([
            {% for fact in ['topic_tags', 'lang_primary', 'is_org', 'is_official', 'is_banned'] -%}
            struct_pack(fact := '{{ fact }}', value := cast(to_json({{ fact }}) as varchar)),
            {% endfor -%}
            struct_pack(
                fact := 'sources',
                value := case when len(sources) > 0 then cast(to_json(sources) as varchar) end
            )
        ]) as said
    from {{ ref('int_curation') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by author_id, said.fact
            order by curated_at desc, curation_order desc, file desc
        ) as place
    from stated
    where said.value is not null

),

compared as (

    select
        author_id,
        said.fact as fact,
        said.value as value,
        run_id,
        file,
        line_number,
        curated_at,
        -- sources add up: what was stated once holds
        said.fact = 'sources' or place = 1 as is_current
    from ranked

)

select * from compared
