-- A join that loses or doubles an observation shows in the count or in the sum of their numbers. Every version of the
-- seed is asked for, so that one without its branch in the union is noticed too.
with

observations as (

    select
        count(*) as observations,
        sum(landing_id) as landing_ids
    from {{ ref('int_observation_features') }}

),

scored as (

    select
        model_version,
        count(*) as scores,
        sum(landing_id) as landing_ids
    from {{ ref('int_scores') }}
    group by model_version

),

indexed as (

    -- the observations that there are, each author's with one that is the latest
    select
        count(*) as observations,
        count(*) filter (where is_latest) as latest
    from {{ ref('int_observations_indexed') }}

),

authors as (

    select count(*) as authors from {{ ref('int_authors_latest') }}

)

select
    models.model_version,
    scored.scores,
    observations.observations,
    indexed.latest,
    authors.authors
from {{ ref('score_models') }} as models
full outer join scored on models.model_version = scored.model_version
cross join observations
cross join indexed
cross join authors
where
    observations.observations > 0
    and (
        models.model_version is null
        or coalesce(scored.scores, 0) <> observations.observations
        or scored.landing_ids <> observations.landing_ids
    )
    or observations.observations <> indexed.observations
    or authors.authors <> indexed.latest
