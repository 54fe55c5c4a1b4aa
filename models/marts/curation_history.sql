-- One row per author, curated fact and statement of it (author_id, fact, run_id, file, line_number).
with

stated as (

    {% set facts = [] -%}
    {% for fact, value in {
        'topic_tags': 'cast(to_json(topic_tags) as string)',
        'lang_primary': "'\"' || lang_primary || '\"'",
        'is_org': 'cast(is_org as string)',
        'is_official': 'cast(is_official as string)',
        'is_banned': 'cast(is_banned as string)',
        'sources': 'case when ' ~ array_size('sources') ~ ' > 0 then cast(to_json(sources) as string) end',
    }.items() -%}
    {% do facts.append(struct_of({'fact': "'" ~ fact ~ "'", 'value': value})) -%}
    {% endfor -%}
    select
        author_id,
        run_id,
        file,
        line_number,
        curated_at,
        curation_order,
        {{ unnested_fields(facts) }}
    from {{ ref('int_curation') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by author_id, fact
            order by curated_at desc, curation_order desc, file desc
        ) as place
    from stated
    where value is not null

),

compared as (

    select
        author_id,
        fact,
        value,
        run_id,
        file,
        line_number,
        curated_at,
        -- sources add up: what was stated once holds
        fact = 'sources' or place = 1 as is_current
    from ranked

)

select * from compared
