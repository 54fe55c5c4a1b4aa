-- The published formula, put together again from the parts that the history shows.
select
    author_id,
    observed_at,
    activity,
    quality,
    relevance
from {{ ref('author_score_history') }}
where
    model_version = 'm2.0'
    and not coalesce(
        case
            when activity_frequency is null
                then activity = 30.0
            else
                abs(
                    activity
                    - (0.40 * activity_frequency + 0.35 * activity_engagement + 0.25 * activity_authority)
                ) < 1e-9
        end
        and quality = {{ round_half_even(clamp('0.4 * quality_follower + quality_engagement + quality_authority')) }}
        and relevance = {{ round_half_even(clamp('relevance_tags + relevance_keywords + relevance_bonus')) }},
        false
    )
