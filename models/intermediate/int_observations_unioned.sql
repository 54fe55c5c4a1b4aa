-- One row per landed user payload, whatever its shape (landing_id). A further shape costs one branch.
with

users_v2 as (

    select {{ observation_columns() }}
    from {{ ref('stg_x__users_v2') }}

),

dataset_records as (

    select {{ observation_columns() }}
    from {{ ref('stg_datasets__records') }}

),

unioned as (

    select * from users_v2
    union all
    select * from dataset_records

),

known as (

    -- Where the clock is set, what was observed after it is not known yet.
    select * from unioned
    {%- if var('as_of') %}
    where observed_at <= {{ as_of_override() }}
    {%- endif %}

)

select * from known
