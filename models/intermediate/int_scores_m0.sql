{{ config(pre_hook="{{ forget(is_due_observation()) }}") }}
-- One row per observation (landing_id), scored by m0: followers and verification, nothing else.
with

observations as (

    select
        features.*,
        coalesce(points.points, 0) as boost
    from {{ ref('int_observation_features') }} as features
    left join {{ ref('verification_points') }} as points
        on
            features.verified = points.verified
            and points.model_version = 'm0'
    where {{ is_due('features.author_id') }}

),

based as (

    select
        *,
        20 * log10(cast(greatest(coalesce(followers_count, 0), 1) as double) / 1000) as base
    from observations

),

scored as (

    select
        landing_id,
        base + boost as raw_score,
        {{ round_half_even(clamp('base + boost')) }} as score,
        base,
        boost
    from based

)

select * from scored
