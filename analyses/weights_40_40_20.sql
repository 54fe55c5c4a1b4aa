-- What would change if the weights were 40/40/20, activity as much as quality?
-- Before a version with other weights is made, see who gains and who loses, and whether you would stand by the order.
with

scores as (

    -- A score is the weighted raw score on a fixed map, which was made for 30/50/20. Other weights would get a map of
    -- their own (influx-m2 calibrate), so their scores are not known yet. But a map turns nobody round: ranks by the
    -- raw score are the ranks to come, up to authors whose scores round to the same tenth.
    select
        scores.handle,
        scores.activity,
        scores.quality,
        scores.relevance,
        scores.raw_score,
        round(0.40 * scores.activity + 0.40 * scores.quality + 0.20 * scores.relevance, 9) as raw_score_then
    from {{ ref('author_scores') }} as scores
    inner join {{ ref('release_records') }} as records
        on
            scores.author_id = records.author_id
            and scores.model_version = records.model_version
    where scores.model_version = 'm2.1'

),

ranked as (

    select
        *,
        rank() over (order by round(raw_score, 9) desc) as rank_now,
        rank() over (order by raw_score_then desc) as rank_then
    from scores

),

compared as (

    select
        handle,
        rank_now,
        rank_then,
        rank_now - rank_then as places_gained,
        round(activity, 1) as activity,
        round(quality, 1) as quality,
        round(relevance, 1) as relevance,
        round(raw_score, 2) as raw_score,
        round(raw_score_then, 2) as raw_score_then
    from ranked

)

select * from compared
where places_gained <> 0
order by abs(places_gained) desc, rank_then asc
