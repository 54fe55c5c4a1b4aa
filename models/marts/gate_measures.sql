-- One row per model version, criterion and measure (model_version, measure): what was measured, and whether it holds.
-- A measure that has nothing to measure is null and does not hold: a check that could not be made has not passed.
with

models as (

    select model_version from {{ ref('score_models') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}

),

ranges as (

    select
        thresholds.threshold,
        thresholds.value,
        {{ number_text('thresholds.value') }} || ' to ' || {{ number_text('ends.value') }} as range_text
    from thresholds
    left join thresholds as ends
        on ends.threshold = replace(thresholds.threshold, '_from', '_to')

),

bounds as (

    select
        max(range_text) filter (where threshold = 'gate_range_from') as range,
        max(range_text) filter (where threshold = 'gate_top_from') as top,
        max({{ number_text('value') }}) filter (where threshold = 'gate_fresh_days') as fresh_days,
        max(value) filter (where threshold = 'gate_pile_up_authors') as pile_up_authors
    from ranges

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
        -- an author without any metrics is for coverage to tell, not for freshness
        {{ unnested_fields([
            gate_measure(
                1, 'coverage', 'lost_authors', 'at_most', 'count',
                'authors_lost', 'authors_known',
                "'authors are neither published nor excluded by a rule'"
            ),
            gate_measure(
                2, 'coverage', 'handles_without_a_reason', 'at_most', 'count',
                'without_a_reason', 'handles',
                "'handles of the latest harvest were not found, and for no known reason'"
            ),
            gate_measure(
                3, 'coverage', 'share_with_metrics', 'at_least', 'share',
                'with_metrics / judged', 'authors',
                "'publishable authors have activity metrics'"
            ),
            gate_measure(
                4, 'distribution', 'share_in_range', 'at_least', 'share',
                'in_range / judged', 'authors',
                "'scores lie within ' || range"
            ),
            gate_measure(
                5, 'differentiation', 'interquartile_range', 'at_least', 'points',
                'interquartile_range', 'authors',
                "'scores: points from the first quartile to the third'"
            ),
            gate_measure(
                6, 'differentiation', 'share_at_top', 'at_least', 'share',
                'at_top / judged', 'authors',
                "'scores lie within ' || top"
            ),
            gate_measure(
                7, 'differentiation', 'pile_up', 'at_most', 'share',
                'piled_up / judged', 'authors',
                "'authors are heaped on one score (the commonest, 0 or 100)'"
            ),
            gate_measure(
                8, 'freshness', 'share_fresh', 'at_least', 'share',
                'case when with_metrics = 0 then 1 else with_fresh_metrics / with_metrics end', 'coalesce(with_metrics, 0)',
                "'publishable authors with metrics have them from the last ' || fresh_days || ' days'"
            ),
            gate_measure(
                9, 'failures', 'share_given_up', 'at_most', 'share',
                'share_given_up', 'requests',
                "'requests of the latest harvest were given up after every retry'"
            ),
            gate_measure(
                10, 'failures', 'rise_of_share_given_up', 'at_most', 'points',
                'coalesce(share_given_up - share_given_up_before, 0)', 'requests',
                "'requests: rise of the share given up over the harvest before'"
            ),
            gate_measure(
                11, 'zero_scores', 'authors_at_zero', 'at_most', 'count',
                'at_zero', 'authors',
                "'publishable authors have the score 0'"
            ),
            gate_measure(
                12, 'composition', 'share_general', 'at_most', 'share',
                'general / judged', 'authors',
                "'publishable authors have `general` as their first topic tag'"
            ),
        ]) }},
        pile_up_allowed
    from counted

),

measured as (

    -- nine places are finer than one author in ten million, and coarser than what a subtraction leaves behind
    select
        listed.model_version,
        listed.criterion,
        listed.measure,
        listed.position,
        listed.meaning,
        listed.unit,
        round(listed.value, 9) as value,
        listed.comparison,
        round(case listed.measure when 'pile_up' then pile_up_allowed else thresholds.value end, 9) as threshold,
        listed.counted
    from listed
    left join thresholds on thresholds.threshold = 'gate_' || listed.measure

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
