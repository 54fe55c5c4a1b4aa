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
        observations.* exclude (landing_id),
        scores.* exclude (landing_id)
    from scores
    inner join observations on scores.landing_id = observations.landing_id

)

select * from described
