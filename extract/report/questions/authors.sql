-- The authors of the table at the end: all, or the leaders and a draw of all others that always comes out the same.
with

leaders as (

    select author_id
    from marts.release_records
    where
        model_version = $model
        and rank_global <= $rows // 2

),

others as (

    select author_id
    from marts.author_freshness
    where author_id not in (select author_id from leaders)
    order by hash(author_id)
    limit $rows - (select count(*) from leaders)

),

shown as (

    select author_id from leaders
    union all
    select author_id from others

),

ranks as (

    select
        author_id,
        rank_global as rank
    from marts.release_records
    where model_version = $model

),

excluded as (

    select
        author_id,
        rule
    from marts.excluded_authors

)

select
    ranks.rank,
    authors.handle,
    coalesce(authors.name, '') as name,
    coalesce(authors.topic_tags[1], '') as topic,
    authors.followers_count as followers,
    scores.score,
    round(scores.activity, 1) as activity,
    round(scores.quality, 1) as quality,
    round(scores.relevance, 1) as relevance,
    coalesce(excluded.rule, 'published') as state
from marts.authors as authors
left join marts.author_scores as scores
    on
        authors.author_id = scores.author_id
        and scores.model_version = $model
left join ranks on authors.author_id = ranks.author_id
left join excluded on authors.author_id = excluded.author_id
where authors.author_id in (select author_id from shown)
order by ranks.rank nulls last, authors.followers_count desc nulls last, authors.author_id;
