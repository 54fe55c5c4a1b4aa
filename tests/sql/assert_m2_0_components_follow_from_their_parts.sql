-- The published formula, put together again from the parts that it shows.
select
    landing_id,
    activity,
    quality,
    relevance
from {{ ref('int_scores_m2_0') }}
where
    {{ is_due_observation() }}
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
