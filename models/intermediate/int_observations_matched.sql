-- One row per observation (landing_id), with the points of the topics and keywords of each model version.
-- All text is read here, once: what comes after is arithmetic.
with

observations as (

    select
        *,
        -- a line break between the fields, so that no keyword is found across two of them
        {{ lower_text("concat_ws(chr(10), handle, name, description)") }} as searchable_text
    from {{ ref('int_observations') }}

),

curation as (

    select
        author_id,
        topic_tags
    from {{ ref('int_curation_latest') }}

),

lists_m2_0 as (

    select
        (
            select list(keyword order by keyword) from {{ ref('keywords') }}
            where model_version = 'm2.0'
        ) as keywords,
        (select max(points) from {{ ref('keywords') }} where model_version = 'm2.0') as points_a_keyword,
        (
            select list(tag order by tag) from {{ ref('topics') }}
            where model_version = 'm2.0'
        ) as tags,
        (select max(points) from {{ ref('topics') }} where model_version = 'm2.0') as points_a_tag

),

matched as (

    select
        observations.*,
        lists.points_a_tag
        * len(list_intersect(lists.tags, coalesce(curation.topic_tags, []))) as tag_points_m2_0,
        lists.points_a_keyword
        * len(list_filter(lists.keywords, lambda keyword: contains(searchable_text, keyword))) as keyword_points_m2_0
    from observations
    left join curation on observations.author_id = curation.author_id
    cross join lists_m2_0 as lists

)

select * from matched
