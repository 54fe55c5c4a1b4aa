{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per author with any curated fact (author_id): each fact from the latest curation that states it. Sources are
-- not among them: they add up, in int_author_sources.
with

curation as (

    select *
    from {{ ref('int_curation') }}
    where {{ is_due() }}

),

latest as (

    select
        author_id,
        {% for fact in ['topic_tags', 'lang_primary', 'is_org', 'is_official', 'is_banned'] -%}
        max_by({{ fact }}, (curated_at, curation_order, file))
        filter (where {{ fact }} is not null) as {{ fact }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from curation
    group by author_id

)

select * from latest
