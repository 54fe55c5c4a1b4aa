-- One row per model version, criterion and measure (model_version, measure): what was measured, and whether it holds.
-- A measure that has nothing to measure is null and does not hold: a check that could not be made has not passed.
with

models as (

    select model_version from {{ ref('score_models') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}

),

bounds as (

    select
        max(printf('%g to %g', thresholds.value, ends.value)) filter (where thresholds.threshold = 'gate_range_from')
            as range,
        max(printf('%g to %g', thresholds.value, ends.value)) filter (where thresholds.threshold = 'gate_top_from')
            as top,
        max(printf('%g', thresholds.value)) filter (where thresholds.threshold = 'gate_fresh_days') as fresh_days,
        max(thresholds.value) filter (where thresholds.threshold = 'gate_pile_up_authors') as pile_up_authors
    from thresholds
    left join thresholds as ends
        on ends.threshold = replace(thresholds.threshold, '_from', '_to')

),

unexcluded as (

    select author_id
    from {{ ref('int_author_verdicts') }}
    where rule is null

),

lost as (

    select
        models.model_version,
        count(*) as authors
    from unexcluded
    cross join models
    left join {{ ref('int_release_scores') }} as records
        on
            unexcluded.author_id = records.author_id
            and models.model_version = records.model_version
    where records.author_id is null
    group by models.model_version

),

moment as (

    select * from {{ ref('int_gate_moment') }}

),

asked as (

    select
        outcomes.asked_by,
        outcomes.asked,
        outcomes.outcome in {{ explained_outcomes() }} as is_explained
    from {{ ref('handle_outcomes') }} as outcomes
    inner join moment on outcomes.run_id = moment.harvest_run_id

),

unexplained as (

    select asked
    from asked
    where not is_explained

),

known as (

    -- an author of whom there was no answer this time is still published, or excluded by a rule
    select
        'id' as asked_by,
        author_id as asked
    from {{ ref('int_authors_latest') }}
    where author_id in (select asked from unexplained)
    union
    select
        'handle' as asked_by,
        lower(handle) as asked
    from {{ ref('int_authors_latest') }}
    where lower(handle) in (select asked from unexplained)

),

handles as (

    select
        count(*) as handles,
        count(*) filter (where not asked.is_explained and known.asked is null) as without_a_reason
    from asked
    left join known
        on
            asked.asked_by = known.asked_by
            and asked.asked = known.asked

),

failures as (

    select * from {{ ref('int_harvest_failures') }}

),

harvests as (

    select
        coalesce(max(failures.requests) filter (where failures.run_id = moment.harvest_run_id), 0) as requests,
        coalesce(max(failures.share_given_up) filter (where failures.run_id = moment.harvest_run_id), 0)
            as share_given_up,
        max_by(failures.share_given_up, failures.run_id) filter (where failures.run_id < moment.harvest_run_id)
            as share_given_up_before
    from failures
    cross join moment

),

statistics as (

    select * from {{ ref('int_release_statistics') }}

),

yardstick as (

    select max(piled_up / authors) as piled_up
    from statistics
    where model_version = 'm0'

),

counted as (

    select
        models.model_version,
        (select count(*) from {{ ref('int_authors_latest') }}) as authors_known,
        coalesce(lost.authors, 0) as authors_lost,
        handles.*,
        harvests.*,
        coalesce(statistics.authors, 0) as authors,
        nullif(statistics.authors, 0) as judged,
        statistics.with_metrics,
        statistics.with_fresh_metrics,
        statistics.in_range,
        statistics.interquartile_range,
        statistics.at_top,
        statistics.piled_up,
        statistics.at_zero,
        statistics.general,
        -- in a small release a handful of authors meet on one score by chance, under m0 as under any other version
        greatest(yardstick.piled_up, bounds.pile_up_authors / nullif(statistics.authors, 0)) as pile_up_allowed,
        bounds.*
    from models
    cross join handles
    cross join harvests
    cross join yardstick
    cross join bounds
    left join lost on models.model_version = lost.model_version
    left join statistics on models.model_version = statistics.model_version

),

listed as (

    -- the order in which a criterion's first failing measure is sought
    select
        model_version,
        unnest([
            {
                'position': 1, 'criterion': 'coverage', 'measure': 'lost_authors', 'comparison': 'at_most',
                'unit': 'count', 'value': authors_lost, 'counted': authors_known,
                'meaning': 'authors are neither published nor excluded by a rule'
            },
            {
                'position': 2, 'criterion': 'coverage', 'measure': 'handles_without_a_reason', 'comparison': 'at_most',
                'unit': 'count', 'value': without_a_reason, 'counted': handles,
                'meaning': 'handles of the latest harvest were not found, and for no known reason'
            },
            {
                'position': 3, 'criterion': 'coverage', 'measure': 'share_with_metrics', 'comparison': 'at_least',
                'unit': 'share', 'value': with_metrics / judged, 'counted': authors,
                'meaning': 'publishable authors have activity metrics'
            },
            {
                'position': 4, 'criterion': 'distribution', 'measure': 'share_in_range', 'comparison': 'at_least',
                'unit': 'share', 'value': in_range / judged, 'counted': authors,
                'meaning': 'scores lie within ' || range
            },
            {
                'position': 5, 'criterion': 'differentiation', 'measure': 'interquartile_range',
                'comparison': 'at_least', 'unit': 'points', 'value': interquartile_range, 'counted': authors,
                'meaning': 'scores: points from the first quartile to the third'
            },
            {
                'position': 6, 'criterion': 'differentiation', 'measure': 'share_at_top', 'comparison': 'at_least',
                'unit': 'share', 'value': at_top / judged, 'counted': authors,
                'meaning': 'scores lie within ' || top
            },
            {
                'position': 7, 'criterion': 'differentiation', 'measure': 'pile_up', 'comparison': 'at_most',
                'unit': 'share', 'value': piled_up / judged, 'counted': authors,
                'meaning': 'authors are heaped on one score (the commonest, 0 or 100)'
            },
            {
                'position': 8, 'criterion': 'freshness', 'measure': 'share_fresh', 'comparison': 'at_least',
                'unit': 'share', 'counted': coalesce(with_metrics, 0),
                -- that an author has no metrics at all is for coverage to say
                'value': case when with_metrics = 0 then 1 else with_fresh_metrics / with_metrics end,
                'meaning': 'publishable authors with metrics have them from the last ' || fresh_days || ' days'
            },
            {
                'position': 9, 'criterion': 'failures', 'measure': 'share_given_up', 'comparison': 'at_most',
                'unit': 'share', 'value': share_given_up, 'counted': requests,
                'meaning': 'requests of the latest harvest were given up after every retry'
            },
            {
                'position': 10, 'criterion': 'failures', 'measure': 'rise_of_share_given_up', 'comparison': 'at_most',
                'unit': 'points', 'value': coalesce(share_given_up - share_given_up_before, 0), 'counted': requests,
                'meaning': 'requests: rise of the share given up over the harvest before'
            },
            {
                'position': 11, 'criterion': 'zero_scores', 'measure': 'authors_at_zero', 'comparison': 'at_most',
                'unit': 'count', 'value': at_zero, 'counted': authors,
                'meaning': 'publishable authors have the score 0'
            },
            {
                'position': 12, 'criterion': 'composition', 'measure': 'share_general', 'comparison': 'at_most',
                'unit': 'share', 'value': general / judged, 'counted': authors,
                'meaning': 'publishable authors have `general` as their first topic tag'
            }
        ]) as item,
        pile_up_allowed
    from counted

),

measured as (

    -- nine places are finer than one author in ten million, and coarser than what a subtraction leaves behind
    select
        listed.model_version,
        item.criterion,
        item.measure,
        cast(item.position as integer) as position,
        item.meaning,
        item.unit,
        round(cast(item.value as double), 9) as value,
        item.comparison,
        round(case item.measure when 'pile_up' then pile_up_allowed else thresholds.value end, 9) as threshold,
        cast(item.counted as bigint) as counted
    from listed
    left join thresholds on thresholds.threshold = 'gate_' || item.measure

),

judged as (

    select
        model_version,
        criterion,
        measure,
        position,
        meaning,
        unit,
        value,
        comparison,
        threshold,
        coalesce(case comparison when 'at_least' then value >= threshold else value <= threshold end, false) as holds,
        counted
    from measured

)

select * from judged
