-- One row per author, model version and observation (author_id, model_version, observed_at, payload_hash).
-- A further model version costs its model and one branch here.
with

m0 as (

    select
        {{ score_keys('m0') }},
        cast(null as double) as activity,
        cast(null as double) as quality,
        cast(null as double) as relevance,
        cast(null as double) as completeness,
        raw_score,
        score,
        base,
        boost,
        {{ null_columns([
            'activity_frequency', 'activity_engagement', 'activity_authority',
            'quality_follower', 'quality_engagement', 'quality_authority',
            'relevance_tags', 'relevance_keywords', 'relevance_bonus',
        ]) }}
    from {{ ref('int_scores_m0') }}

),

m2_0 as (

    select
        {{ score_keys('m2.0') }},
        activity,
        quality,
        relevance,
        completeness,
        raw_score,
        score,
        {{ null_columns(['base', 'boost']) }},
        activity_frequency,
        activity_engagement,
        activity_authority,
        quality_follower,
        quality_engagement,
        quality_authority,
        relevance_tags,
        relevance_keywords,
        relevance_bonus
    from {{ ref('int_scores_m2_0') }}

),

unioned as (

    select * from m0
    union all
    select * from m2_0

)

select * from unioned
