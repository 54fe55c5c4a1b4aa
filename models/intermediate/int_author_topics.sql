-- One row per author with topic tags (author_id): what the tags are worth to m2.1.
with

names as (

    -- a topic goes by its own name and by its aliases
    select
        tag as name,
        tag as topic,
        points
    from {{ ref('topics') }}
    where model_version = 'm2.1'
    union all
    select
        aliases.alias as name,
        topics.tag as topic,
        topics.points
    from {{ ref('topic_aliases') }} as aliases
    inner join {{ ref('topics') }} as topics
        on
            aliases.model_version = topics.model_version
            and aliases.tag = topics.tag
    where aliases.model_version = 'm2.1'

),

tags as (

    select
        author_id,
        {{ unnested('topic_tags') }} as tag
    from {{ ref('int_curation_latest') }}

),

tagged as (

    select
        author_id,
        trim({{ lower_text(without_nul('tag')) }}) as name
    from tags

),

valued as (

    select
        tagged.author_id,
        coalesce(names.topic, tagged.name) as topic,
        coalesce(names.points, scales.unknown_topic) as points,
        scales.unknown_topic,
        scales.further_topic
    from tagged
    left join names on tagged.name = names.name
    cross join {{ ref('int_scales_m2_1') }} as scales

),

summed as (

    -- several tags may name one topic, which counts once
    select
        author_id,
        max(points) as best_points,
        count(distinct topic) filter (where points > unknown_topic) as topics_above_unknown,
        max(further_topic) as further_topic
    from valued
    group by author_id

),

added as (

    select
        author_id,
        least(100, best_points + further_topic * greatest(0, topics_above_unknown - 1)) as topic_points
    from summed

)

select * from added
