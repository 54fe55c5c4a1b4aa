-- How well each first topic is covered, and how old the metrics of its authors are on the day of the marts.
with

records as (

    select
        author_id,
        coalesce(topic_tags[1], 'no topic') as topic,
        as_of
    from marts.release_records
    where model_version = $model

),

aged as (

    select
        records.topic,
        records.as_of - freshness.metrics_observed_at as age
    from records
    inner join marts.author_freshness as freshness using (author_id)

),

banded as (

    select
        topic,
        case
            when age is null then 'no metrics'
            when age < interval 7 days then 'under 7 days'
            when age < interval 30 days then '7 to 30 days'
            else '30 days and more'
        end as age
    from aged

),

largest as (

    select
        topic,
        count(*) as in_topic
    from banded
    group by topic
    order by in_topic desc, topic
    limit 30

)

select
    banded.topic,
    largest.in_topic,
    banded.age,
    count(*) as authors
from banded
inner join largest using (topic)
group by all
order by largest.in_topic desc, banded.topic, banded.age;
