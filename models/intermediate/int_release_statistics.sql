-- One row per model version that publishes anybody (model_version): what its release amounts to, in numbers.
with

records as (

    select
        model_version,
        score,
        has_metrics,
        observed_at as last_refresh_at,
        lower(first_topic_tag) as first_tag
    from {{ ref('int_release_scores') }}

),

thresholds as (

    select
        max(value) filter (where threshold = 'gate_range_from') as range_from,
        max(value) filter (where threshold = 'gate_range_to') as range_to,
        max(value) filter (where threshold = 'gate_top_from') as top_from,
        max(value) filter (where threshold = 'gate_top_to') as top_to,
        max(value) filter (where threshold = 'gate_fresh_days') as fresh_days
    from {{ ref('thresholds') }}

),

bounds as (

    select
        thresholds.*,
        moment.as_of - cast(thresholds.fresh_days as integer) * interval 1 day as stale_at
    from thresholds
    cross join {{ ref('int_gate_moment') }} as moment

),

summed as (

    select
        records.model_version,
        count(*) as authors,
        count(*) filter (where records.has_metrics) as with_metrics,
        count(*) filter (where records.has_metrics and records.last_refresh_at > bounds.stale_at) as with_fresh_metrics,
        count(*) filter (where records.score between bounds.range_from and bounds.range_to) as in_range,
        count(*) filter (where records.score between bounds.top_from and bounds.top_to) as at_top,
        count(*) filter (where records.score = 0) as at_zero,
        count(*) filter (where records.score = 100) as at_hundred,
        count(*) filter (where records.first_tag = 'general') as general,
        percentile_cont(0.75) within group (order by records.score)
        - percentile_cont(0.25) within group (order by records.score) as interquartile_range
    from records
    cross join bounds
    group by records.model_version

),

scores as (

    select
        model_version,
        score,
        count(*) as authors
    from records
    group by model_version, score

),

modes as (

    select
        model_version,
        max(authors) as at_mode
    from scores
    group by model_version

),

described as (

    select
        summed.*,
        greatest(modes.at_mode, summed.at_zero, summed.at_hundred) as piled_up
    from summed
    inner join modes on summed.model_version = modes.model_version

)

select * from described
