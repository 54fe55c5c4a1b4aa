-- One row per author (author_id): when it was last seen, and whether X has refused to show it since.
with

observed as (

    select
        author_id,
        max(handle) filter (where is_latest) as handle,
        max(observed_at) filter (where has_activity_metrics) as metrics_observed_at,
        max(observed_at) as last_observed_at
    from {{ ref('int_observation_features') }}
    group by author_id

),

refusals as (

    -- whom X finds is an observation at that very time; silence is no answer, and changes nothing
    select
        run_id,
        asked_by,
        asked,
        outcome,
        answered_at
    from {{ ref('handle_outcomes') }}
    where
        outcome in ('suspended', 'not_found', 'protected', 'withheld')
        {%- if var('as_of') %}
        and answered_at <= {{ as_of_override() }}
        {%- endif %}

),

refused as (

    select
        asked as author_id,
        run_id,
        outcome,
        answered_at
    from refusals
    where asked_by = 'id'
    union all
    -- a refused handle names no author: it is the one last seen under it
    select
        observations.author_id,
        refusals.run_id,
        refusals.outcome,
        refusals.answered_at
    from {{ ref('int_observation_features') }} as observations
    inner join refusals on lower(observations.handle) = refusals.asked
    where
        observations.is_latest
        and refusals.asked_by = 'handle'

),

last_refusals as (

    select
        author_id,
        max_by(outcome, struct_pack(answered_at, run_id)) as refusal,
        max(answered_at) as refused_at
    from refused
    group by author_id

),

checked as (

    select
        -- ids
        observed.author_id,

        -- strings
        observed.handle,
        last_refusals.refusal,

        -- timestamps
        observed.metrics_observed_at,
        coalesce(last_refusals.refused_at, observed.last_observed_at) as last_checked_at
    from observed
    left join last_refusals
        on
            observed.author_id = last_refusals.author_id
            and observed.last_observed_at < last_refusals.refused_at

)

select * from checked
