-- One row per landed user payload, whatever its shape (landing_id). A further shape costs one branch.
with

users_v2 as (

    select {{ observation_columns() }}
    from {{ ref('stg_x__users_v2') }}

),

users_v1 as (

    select {{ observation_columns() }}
    from {{ ref('stg_x__users_v1') }}

),

scraped_users as (

    select {{ observation_columns() }}
    from {{ ref('stg_scraped__users') }}

),

dataset_records as (

    select {{ observation_columns() }}
    from {{ ref('stg_datasets__records') }}

),

unioned as (

    select * from users_v2
    union all
    select * from users_v1
    union all
    select * from scraped_users
    union all
    select * from dataset_records

),

known as (

    -- Where the clock is set, what was observed after it is not known yet.
    select * from unioned
    {%- if var('as_of') %}
    where {{ happened_by_as_of('observed_at') }}
    {%- endif %}

)

select * from known
