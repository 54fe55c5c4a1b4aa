{{ config(pre_hook="{{ forget(is_due_observation()) }}") }}
-- One row per observation (landing_id), scored by m2.1: its components weighted, then mapped to 0-100 by fixed knots.
with

components as (

    select *
    from {{ ref('int_components_m2_1') }}
    where {{ is_due() }}

),

weighted as (

    select
        *,
        activity_weight * activity + quality_weight * quality + relevance_weight * relevance as raw_score,
        -- shares of a hundred do not add up in binary: the dust is taken off
        round({{ known_weight({
            'activity': ['rate', 'maturity', 'recency'],
            'quality': ['reach', 'listed', 'listed_ratio', 'balance', 'media', 'verification'],
            'relevance': ['topics'],
        }) }} + case when has_description then relevance_weight * keywords_weight else 0 end, 9) as completeness
    from components

),

scored as (

    -- each piece of the map adds what lies of the raw score in it: a sum of terms that never fall cannot fall
    select
        landing_id,
        activity,
        quality,
        relevance,
        completeness,
        raw_score,
        {{ round_half_even(clamp(
            'calibration.lowest_score + ' ~ array_sum(
                'calibration.pieces',
                'piece',
                'piece.slope * greatest(0, least(raw_score - piece.starts_at, piece.width))'
            )
        )) }} as score,
        activity_rate,
        activity_maturity,
        activity_recency,
        quality_reach,
        quality_listed,
        quality_listed_ratio,
        quality_balance,
        quality_media,
        quality_verification,
        relevance_topics,
        relevance_keywords
    from weighted
    cross join {{ ref('int_calibration_pieces') }} as calibration
    where calibration.model_version = 'm2.1'

)

select * from scored
