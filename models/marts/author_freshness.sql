-- One row per author (author_id): when it was last seen, and whether X has refused to show it since.
with

answers as (

    -- whom X finds is an observation at that very time; silence says nothing but that X was asked
    select
        run_id,
        asked_by,
        asked,
        outcome,
        outcome in ('suspended', 'not_found', 'protected', 'withheld') as is_refusal,
        answered_at
    from {{ ref('handle_outcomes') }}
    where
        outcome in ('suspended', 'not_found', 'protected', 'withheld', 'other', 'missing', 'refused_by_x')
        {%- if var('as_of') %}
        and {{ happened_by_as_of('answered_at') }}
        {%- endif %}

),

answered as (

    select
        asked as author_id,
        run_id,
        outcome,
        is_refusal,
        answered_at
    from answers
    where asked_by = 'id'
    union all
    -- a handle names no author: it is the one last seen under it
    select
        authors.author_id,
        answers.run_id,
        answers.outcome,
        answers.is_refusal,
        answers.answered_at
    from {{ ref('int_authors_latest') }} as authors
    inner join answers on lower(authors.handle) = answers.asked
    where answers.asked_by = 'handle'

),

last_answers as (

    select
        author_id,
        max_by(outcome, (answered_at, run_id)) filter (where is_refusal) as refusal,
        max(answered_at) filter (where is_refusal) as refused_at,
        max(answered_at) as answered_at
    from answered
    group by author_id

),

checked as (

    select
        -- ids
        authors.author_id,

        -- strings
        authors.handle,
        case when last_answers.refused_at > authors.last_observed_at then last_answers.refusal end as refusal,

        -- timestamps
        case when authors.has_activity_metrics then authors.observed_at end as metrics_observed_at,
        greatest(authors.last_observed_at, last_answers.answered_at) as last_checked_at
    from {{ ref('int_authors_latest') }} as authors
    left join last_answers on authors.author_id = last_answers.author_id

)

select * from checked
