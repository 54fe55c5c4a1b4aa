-- One row per author (author_id): when it was last seen, and what X last said of it.
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

conclusive as (

    -- silence is no answer: whom X called suspended stays so until it says otherwise
    select
        run_id,
        asked_by,
        asked,
        author_id,
        outcome,
        answered_at
    from {{ ref('handle_outcomes') }}
    where
        outcome in ('found', 'suspended', 'not_found', 'protected', 'withheld')
        {%- if var('as_of') %}
        and answered_at <= {{ as_of_override() }}
        {%- endif %}

),

answers as (

    select
        coalesce(author_id, asked) as author_id,
        run_id,
        outcome,
        answered_at
    from conclusive
    where
        author_id is not null
        or asked_by = 'id'
    union all
    -- a refused handle names no author: it is the one last seen under it
    select
        observed.author_id,
        conclusive.run_id,
        conclusive.outcome,
        conclusive.answered_at
    from conclusive
    inner join observed on conclusive.asked = lower(observed.handle)
    where
        conclusive.author_id is null
        and conclusive.asked_by = 'handle'

),

last_answers as (

    select
        author_id,
        max_by(outcome, struct_pack(answered_at, run_id)) as last_answer,
        max(answered_at) as last_answered_at
    from answers
    group by author_id

),

checked as (

    select
        -- ids
        observed.author_id,

        -- strings
        observed.handle,
        last_answers.last_answer,

        -- timestamps
        observed.metrics_observed_at,
        last_answers.last_answered_at,
        greatest(observed.last_observed_at, last_answers.last_answered_at) as last_checked_at
    from observed
    left join last_answers on observed.author_id = last_answers.author_id

)

select * from checked
