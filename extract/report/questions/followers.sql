-- Followers against score. Of many authors some: the hash of an id is a draw that always comes out the same.
with

records as (

    select
        author_id,
        handle,
        name,
        followers_count as followers,
        score,
        coalesce(topic_tags[1], 'no topic') as topic
    from marts.release_records
    where model_version = $model

),

drawn as (

    select * from records
    order by hash(author_id)
    limit $points

),

topics as (

    -- more colours than these nobody can tell apart
    select topic from drawn
    group by topic
    order by count(*) desc, topic
    limit 9

)

select
    handle,
    name,
    followers,
    score,
    case when topic in (select topic from topics) then topic else 'other topics' end as topic,
    (select count(*) from records) as authors
from drawn
order by score, handle;
