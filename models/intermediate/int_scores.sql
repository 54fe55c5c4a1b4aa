-- One row per observation and model version (landing_id, model_version): the scores of all versions.
-- A further model version costs its model and its parts here: a part that a version does not have is null.
{%- set parts_of_versions = {
    'm0': ['base', 'boost'],
    'm2.0': [
        'activity', 'quality', 'relevance', 'completeness',
        'activity_frequency', 'activity_engagement', 'activity_authority',
        'quality_follower', 'quality_engagement', 'quality_authority',
        'relevance_tags', 'relevance_keywords', 'relevance_bonus',
    ],
    'm2.1': [
        'activity', 'quality', 'relevance', 'completeness',
        'activity_rate', 'activity_maturity', 'activity_recency',
        'quality_reach', 'quality_listed', 'quality_listed_ratio',
        'quality_balance', 'quality_media', 'quality_verification',
        'relevance_topics', 'relevance_keywords',
    ],
} %}
with

unioned as (

    {% for version, parts in parts_of_versions.items() -%}
    select
        '{{ version }}' as model_version,
        landing_id,
        raw_score,
        score,
        {% for part in parts_of_versions.values() | sum(start=[]) | unique -%}
        {{ part if part in parts else 'cast(null as double) as ' ~ part }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_scores_' ~ version | replace('.', '_')) }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from unioned
