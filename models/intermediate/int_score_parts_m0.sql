-- One row per score of m0 and part of it (author_id, observed_at, payload_hash, position), in raw points.
with

scores as (

    select
        *,
        least(greatest(raw_score, 0), 100) - raw_score as clamped
    from {{ ref('author_score_history') }}
    where model_version = 'm0'

),

parts as (

    select
        author_id,
        model_version,
        observed_at,
        payload_hash,
        {{ unnested_fields([
            score_part(1, 'quality', 'base', points='base', weight='1'),
            score_part(2, 'quality', 'boost', points='boost', weight='1'),
            score_part(3, 'all', 'clamp', raw_points='clamped'),
        ]) }}
    from scores

)

select * from parts
