-- Which topics lack coverage: many accounts watched, few published, or nobody of rank?
-- It says where the next names for the watchlist should come from. A topic that nobody is tagged with has no row.
with

tagged as (

    select
        author_id,
        unnest(if(len(topic_tags) > 0, topic_tags, ['(no tag)'])) as topic
    from {{ ref('authors') }}

),

records as (

    select
        author_id,
        score
    from {{ ref('release_records') }}
    where model_version = 'm2.1'

),

topics as (

    select
        tagged.topic,
        count(*) as watched,
        count(records.author_id) as published,
        count(*) filter (where records.score >= 80) as at_the_top,
        round(median(records.score), 1) as median_score,
        round(100.0 * count(records.author_id) / sum(count(records.author_id)) over (), 1) as percent_of_mentions
    from tagged
    left join records on tagged.author_id = records.author_id
    group by tagged.topic

)

select * from topics
order by published, at_the_top, topic
