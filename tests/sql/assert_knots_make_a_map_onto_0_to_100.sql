-- A calibration reaches from 0 to 100 on both sides and rises all the way: it may stretch a difference, but never
-- turn two authors round.
with

steps as (

    select
        model_version,
        raw_score - lag(raw_score) over versions as width,
        score - lag(score) over versions as rise
    from {{ ref('calibration_knots') }}
    window versions as (partition by model_version order by raw_score)

),

ends as (

    select
        model_version,
        min(raw_score) = 0 and min(score) = 0 and max(raw_score) = 100 and max(score) = 100 as reach_both_ends
    from {{ ref('calibration_knots') }}
    group by model_version

)

select
    steps.model_version,
    steps.width,
    steps.rise
from steps
inner join ends on steps.model_version = ends.model_version
where
    width <= 0
    or rise <= 0
    or not ends.reach_both_ends
