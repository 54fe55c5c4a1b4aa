-- One row per score of m2.0 and part of it (author_id, observed_at, payload_hash, position), in raw points.
with

weights as (

    select {{ side_by_side('component', ['activity', 'quality', 'relevance'], {'weight': '_share'}) }}
    from {{ ref('score_weights') }}
    where model_version = 'm2.0'

),

scores as (

    select *
    from {{ ref('author_score_history') }}
    cross join weights
    where model_version = 'm2.0'

),

summed as (

    select
        *,
        0.40 * activity_frequency + 0.35 * activity_engagement + 0.25 * activity_authority as activity_sum,
        0.4 * quality_follower + quality_engagement + quality_authority as quality_sum,
        relevance_tags + relevance_keywords + relevance_bonus as relevance_sum
    from scores

),

parts as (

    select
        author_id,
        model_version,
        observed_at,
        payload_hash,
        {{ unnested_fields([
            score_part(
                1, 'activity', 'frequency', points='activity_frequency', weight='activity_share * 0.40'
            ),
            score_part(
                2, 'activity', 'engagement', points='activity_engagement', weight='activity_share * 0.35'
            ),
            score_part(
                3, 'activity', 'authority', points='activity_authority', weight='activity_share * 0.25'
            ),
            score_part(
                4, 'activity', 'neutral_activity',
                raw_points='case when activity_sum is null then activity_share * activity end'
            ),
            score_part(5, 'quality', 'follower', points='quality_follower', weight='quality_share * 0.4'),
            score_part(6, 'quality', 'engagement', points='quality_engagement', weight='quality_share'),
            score_part(7, 'quality', 'authority', points='quality_authority', weight='quality_share'),
            score_part(
                8, 'quality', 'clamp', raw_points='quality_share * (' ~ clamp('quality_sum') ~ ' - quality_sum)'
            ),
            score_part(9, 'relevance', 'tags', points='relevance_tags', weight='relevance_share'),
            score_part(10, 'relevance', 'keywords', points='relevance_keywords', weight='relevance_share'),
            score_part(11, 'relevance', 'bonus', points='relevance_bonus', weight='relevance_share'),
            score_part(
                12, 'relevance', 'clamp', raw_points='relevance_share * (' ~ clamp('relevance_sum') ~ ' - relevance_sum)'
            ),
        ]) }}
    from summed

)

select * from parts
