-- What the scores of the leaders are made of: points by component, which add up to the score but for its rounding.
with

leaders as (

    select
        author_id,
        handle,
        rank_global as rank,
        score
    from marts.release_records
    where
        model_version = $model
        and rank_global <= 50

)

select
    leaders.rank,
    leaders.handle,
    leaders.score,
    parts.component,
    cast(sum(parts.contribution) as double) as points
from leaders
inner join marts.score_explanations as parts on leaders.author_id = parts.author_id
where
    parts.model_version = $model
    and parts.component <> 'all'
group by all
order by leaders.rank, min(parts.position);
