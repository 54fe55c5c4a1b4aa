-- One row per author and model version (author_id, model_version), at the author's latest observation.
select
    author_id,
    handle,
    model_version,
    as_of,
    activity,
    quality,
    relevance,
    completeness,
    raw_score,
    score,
    base,
    boost,
    activity_frequency,
    activity_engagement,
    activity_authority,
    quality_follower,
    quality_engagement,
    quality_authority,
    relevance_tags,
    relevance_keywords,
    relevance_bonus
from {{ ref('author_score_history') }}
where is_latest
