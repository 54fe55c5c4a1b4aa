-- One row per author, model version and observation (author_id, model_version, observed_at, payload_hash).
with

scores as (

    select * from {{ ref('int_scores') }}

),

observations as (

    select
        landing_id,
        author_id,
        handle,
        observed_at,
        payload_hash,
        as_of,
        is_latest
    from {{ ref('int_observation_features') }}

),

described as (

    select
        observations.author_id,
        observations.handle,
        observations.observed_at,
        observations.payload_hash,
        observations.as_of,
        observations.is_latest,
        scores.model_version,
        scores.raw_score,
        scores.score,
        scores.base,
        scores.boost,
        scores.activity,
        scores.quality,
        scores.relevance,
        scores.completeness,
        scores.activity_frequency,
        scores.activity_engagement,
        scores.activity_authority,
        scores.quality_follower,
        scores.quality_engagement,
        scores.quality_authority,
        scores.relevance_tags,
        scores.relevance_keywords,
        scores.relevance_bonus,
        scores.activity_rate,
        scores.activity_maturity,
        scores.activity_recency,
        scores.quality_reach,
        scores.quality_listed,
        scores.quality_listed_ratio,
        scores.quality_balance,
        scores.quality_media,
        scores.quality_verification,
        scores.relevance_topics
    from scores
    inner join observations on scores.landing_id = observations.landing_id

)

select * from described
