-- What the scores of the leaders are made of: points by component, which add up to the score. What a component gives to the
-- raw score is stretched as the score is, as in marts.score_explanations, which would take apart everybody's.
with

leaders as (

    select
        author_id,
        rank_global as rank
    from marts.release_records
    where
        model_version = $model
        and rank_global <= 50

),

weights as (

    select
        max(weight) filter (where component = 'activity') as activity,
        max(weight) filter (where component = 'quality') as quality,
        max(weight) filter (where component = 'relevance') as relevance
    from staging.score_weights
    where model_version = $model

),

parts as (

    select
        leaders.rank,
        scores.handle,
        scores.score,
        unnest([
            {'position': 1, 'component': 'activity', 'raw_points': scores.activity * weights.activity},
            -- m0 has no weights: followers and verification are all of it
            {
                'position': 2, 'component': 'quality',
                'raw_points': coalesce(scores.quality * weights.quality, scores.base + scores.boost)
            },
            {'position': 3, 'component': 'relevance', 'raw_points': scores.relevance * weights.relevance}
        ]) as part
    from marts.author_scores as scores
    inner join leaders on scores.author_id = leaders.author_id
    cross join weights
    where scores.model_version = $model

)

select
    rank,
    handle,
    score,
    part.component,
    round(part.raw_points * score / sum(part.raw_points) over (partition by rank), 4) as points
from parts
where part.raw_points is not null
order by rank, part.position;
