-- One row per author, model version and observation (author_id, model_version, observed_at, payload_hash).
-- A further model version costs its model and one line here: a part that a version does not have is null.
with

unioned as (

    select * from {{ ref('int_scores_m0') }}
    union all by name
    select * from {{ ref('int_scores_m2_0') }}
    union all by name
    select * from {{ ref('int_scores_m2_1') }}

)

select * exclude (landing_id) from unioned
