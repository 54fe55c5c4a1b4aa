-- One row per observation (author_id, observed_at, payload_hash), with everything that was observed and the
-- one clock that every score reads: as_of.
with

unioned as (

    select * from {{ ref('int_observations_unioned') }}

),

indexed as (

    select
        landing_id,
        has_activity_metrics,
        is_latest,
        is_last_seen
    from {{ ref('int_observations_indexed') }}
    where {{ is_due() }}

),

clocked as (

    -- A rebuild next year must give the same scores: the clock is the observation's own, unless it is set.
    select
        unioned.*,
        indexed.has_activity_metrics,
        indexed.is_latest,
        indexed.is_last_seen,
        {% if var('as_of') -%}
        {{ as_of_override() }} as as_of
        {%- else -%}
        unioned.observed_at as as_of
        {%- endif %}
    from unioned
    inner join indexed on unioned.landing_id = indexed.landing_id

),

aged as (

    select
        *,
        -- whole days elapsed; a date still to come counts as today and is a data finding
        case
            when account_created_at is not null
                then greatest(0, {{ whole_days('account_created_at', 'as_of') }})
        end as age_days,
        coalesce(account_created_at > as_of, false) as is_created_after_as_of
    from clocked

)

select * from aged
