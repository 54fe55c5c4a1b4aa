-- One row per observation and model version (landing_id, model_version): the scores of all versions.
-- A further model version costs its model and one branch here: a part that a version does not have is null.
with

unioned as (

    select
        'm0' as model_version,
        *
    from {{ ref('int_scores_m0') }}
    union all by name
    select
        'm2.0' as model_version,
        *
    from {{ ref('int_scores_m2_0') }}
    union all by name
    select
        'm2.1' as model_version,
        *
    from {{ ref('int_scores_m2_1') }}

)

select * from unioned
