-- m0 and m2.0 have nothing between the weighted sum and the score but the clamp and the rounding. A version
-- that is calibrated has a map in between, and its own test.
with

weights as (

    select
        {{ side_by_side('component', ['activity', 'quality', 'relevance'], {'weight': '_weight'}) }}
    from {{ ref('score_weights') }}
    where model_version = 'm2.0'

),

recomputed as (

    select
        landing_id,
        raw_score,
        score,
        base + boost as weighted
    from {{ ref('int_scores_m0') }}
    where {{ is_due_observation() }}
    union all
    select
        scores.landing_id,
        scores.raw_score,
        scores.score,
        weights.activity_weight * scores.activity
        + weights.quality_weight * scores.quality
        + weights.relevance_weight * scores.relevance as weighted
    from {{ ref('int_scores_m2_0') }} as scores
    cross join weights
    where {{ is_due_observation() }}

)

select * from recomputed
where
    weighted is null
    or score is null
    or abs(raw_score - weighted) > 1e-9
    or score <> {{ round_half_even(clamp('weighted')) }}
