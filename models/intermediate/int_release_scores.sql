{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per publishable author and model version (author_id, model_version): the published score and what it is made
-- of. A narrow table: the gate, the movements and the calibration look at it many times.
with

publishable as (

    select
        authors.author_id,
        authors.landing_id,
        authors.handle,
        authors.followers_count,
        authors.has_activity_metrics and not authors.is_placeholder as has_metrics,
        {{ array_first('authors.topic_tags') }} as first_topic_tag,
        authors.observed_at,
        authors.as_of
    from {{ ref('int_author_verdicts') }} as verdicts
    inner join {{ ref('int_authors_latest') }} as authors on verdicts.landing_id = authors.landing_id
    where
        verdicts.rule is null
        and {{ is_due('verdicts.author_id') }}

),

scores as (

    select * from {{ ref('int_scores') }}
    where {{ is_due_observation() }}

),

scored as (

    select
        publishable.author_id,
        scores.model_version,
        publishable.handle,
        scores.score,
        scores.raw_score,
        scores.quality,
        scores.activity,
        scores.relevance,
        scores.completeness,
        publishable.followers_count,
        publishable.has_metrics,
        publishable.first_topic_tag,
        publishable.observed_at,
        publishable.as_of
    from publishable
    inner join scores on publishable.landing_id = scores.landing_id

)

select * from scored
