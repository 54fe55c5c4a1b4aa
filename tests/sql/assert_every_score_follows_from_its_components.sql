-- m0 and m2.0 have nothing between the weighted sum and the score but the clamp and the rounding. A version
-- that is calibrated has a map in between, and its own test.
with

weights as (

    select
        model_version,
        {{ side_by_side('component', ['activity', 'quality', 'relevance'], {'weight': '_weight'}) }}
    from {{ ref('score_weights') }}
    group by model_version

),

recomputed as (

    select
        history.author_id,
        history.model_version,
        history.observed_at,
        history.raw_score,
        history.score,
        case
            when history.model_version = 'm0' then history.base + history.boost
            else
                weights.activity_weight * history.activity
                + weights.quality_weight * history.quality
                + weights.relevance_weight * history.relevance
        end as weighted
    from {{ ref('author_score_history') }} as history
    left join weights on history.model_version = weights.model_version
    where history.model_version in ('m0', 'm2.0')

)

select * from recomputed
where
    weighted is null
    or score is null
    or abs(raw_score - weighted) > 1e-9
    or score <> {{ round_half_even(clamp('weighted')) }}
