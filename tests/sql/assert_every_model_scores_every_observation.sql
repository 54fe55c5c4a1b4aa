-- A join that loses or doubles an observation shows in the count. Every version of the seed is asked for, so
-- that a version without its branch in the union is noticed too.
with

observations as (

    select count(*) as observations from {{ ref('author_metrics_history') }}

),

scored as (

    select
        model_version,
        count(*) as scores
    from {{ ref('author_score_history') }}
    group by model_version

)

select
    models.model_version,
    scored.scores,
    observations.observations
from {{ ref('score_models') }} as models
full outer join scored on models.model_version = scored.model_version
cross join observations
where
    coalesce(scored.scores, 0) <> observations.observations
    or models.model_version is null
