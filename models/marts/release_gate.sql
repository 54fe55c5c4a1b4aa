{{ config(post_hook="{{ complete_build() }}") }}
-- One row per model version and criterion (model_version, criterion): whether a release may go out, and what to do
-- if it may not. The end of a build: where a test of what is published fails, the last gate stands.
{% if model.resource_type != 'unit_test' -%}
-- depends_on: {{ ref('release_records') }}, {{ ref('excluded_authors') }}, {{ ref('author_scores') }}
-- depends_on: {{ ref('data_findings') }}
{% endif -%}
with

measures as (

    select * from {{ ref('gate_measures') }}

),

criteria as (

    select
        model_version,
        criterion,
        bool_and(holds) as holds,
        coalesce(min(position) filter (where not holds), min(position)) as decisive_position
    from measures
    group by model_version, criterion

),

decisive as (

    select
        measures.*,
        criteria.holds as criterion_holds,
        cast(round(value) as bigint) as whole,
        cast(round(value * counted) as bigint) as part,
        case comparison when 'at_least' then 'at least ' else 'at most ' end as bound,
        case comparison when 'at_least' then ' must' else ' may' end as verb
    from criteria
    inner join measures
        on
            criteria.model_version = measures.model_version
            and criteria.decisive_position = measures.position

),

remedies (measure, remedy, query) as (

    values
    (
        'lost_authors',
        'build again; if they stay lost, see who',
        'select author_id, handle from marts.authors where author_id not in (select author_id from '
        || 'marts.excluded_authors) and author_id not in (select author_id from marts.release_records '
        || 'where model_version = $model)'
    ),
    (
        'handles_without_a_reason',
        'run the same harvest again (it asks for what is left), take handles that X refuses off the list, '
        || 'and build; see whom',
        'select asked, outcome, detail from marts.handle_outcomes where run_id = $run and outcome not in '
        || '{{ explained_outcomes() | replace("'", "''") }}'
    ),
    (
        'share_with_metrics',
        'ask X for them (influx-m2 harvest --refresh) and build; see whom',
        'select handle from marts.release_records where model_version = $model '
        || 'and (not has_activity_metrics or is_placeholder)'
    ),
    (
        'share_in_range',
        'choose a model version that spreads its scores (--model) or calibrate this one; see how they lie',
        'select 10 * floor(score / 10) as from_score, count(*) as authors from marts.release_records '
        || 'where model_version = $model group by 1 order by 1'
    ),
    (
        'interquartile_range',
        'choose a model version that spreads its scores (--model) or calibrate this one; see how they lie',
        'select 10 * floor(score / 10) as from_score, count(*) as authors from marts.release_records '
        || 'where model_version = $model group by 1 order by 1'
    ),
    (
        'share_at_top',
        'choose a model version that uses its whole range (--model) or calibrate this one; see who leads',
        'select rank_global, handle, score from marts.release_records where model_version = $model '
        || 'order by 1 limit 20'
    ),
    (
        'pile_up',
        'ask X for what the heaped authors lack (influx-m2 harvest --refresh) and build; see where they are heaped',
        'select score, count(*) as authors, avg(completeness) as completeness from marts.release_records '
        || 'where model_version = $model group by 1 order by 2 desc limit 5'
    ),
    (
        'share_fresh',
        'ask X anew (influx-m2 harvest --refresh --older-than 7d) and build; see whom',
        'select handle, last_refresh_at from marts.release_records where model_version = $model order by 2 limit 20'
    ),
    (
        'share_given_up',
        'run the same harvest again once X answers, and build; see what failed',
        'select kind, failure, count(*) as attempts from raw.requests where run_id = $run and kind <> ''page'' '
        || 'group by all'
    ),
    (
        'rise_of_share_given_up',
        'run the same harvest again once X answers, and build; see what failed',
        'select kind, failure, count(*) as attempts from raw.requests where run_id = $run and kind <> ''page'' '
        || 'group by all'
    ),
    (
        'authors_at_zero',
        'calibrate the model version, or ask X for what they lack (influx-m2 harvest --refresh) and build; see who',
        'select handle, followers_count, completeness from marts.release_records where model_version = $model '
        || 'and score = 0'
    ),
    (
        'share_general',
        'curate other topic tags (a CSV with handle and topic_tags: influx-m2 harvest --handles FILE) and build; '
        || 'see whose',
        'select handle, topic_tags from marts.release_records where model_version = $model '
        || 'and lower(topic_tags[1]) = ''general'''
    )

),

explained as (

    select
        decisive.*,
        moment.as_of,
        moment.landed_to,
        moment.landed_checksum,
        moment.listed_to,
        moment.requested_to,
        moment.answered_to,
        case
            when value is null then 'there is no publishable author to judge'
            when threshold is null then 'there is nothing to hold ' || decisive.measure || ' against'
            when decisive.measure = 'interquartile_range'
                then
                    'the middle half of ' || counted || ' scores spans ' || {{ tenths_text('value') }}
                    || ' points; ' || bound
                    || {{ number_text('threshold') }} || ' must'
            when decisive.measure = 'rise_of_share_given_up'
                then
                    'the share of requests given up rose by ' || {{ tenths_text('100 * value') }}
                    || ' points of a hundred; ' || bound
                    || {{ number_text('100 * threshold') }} || ' may'
            when unit = 'share'
                then
                    part || ' of ' || counted || ' ' || meaning || ' (' || {{ tenths_text('100 * value') }}
                    || ' %); ' || bound
                    || {{ number_text('100 * threshold') }} || ' %' || verb
            else
                whole || ' of ' || counted || ' ' || meaning || '; ' || bound
                || {{ number_text('threshold') }} || verb
        end as finding,
        case
            when criterion_holds then null
            when value is null
                then
                    'land authors and build; see who is left out: '
                    || 'influx-m2 sql "select rule, count(*) from marts.excluded_authors group by 1"'
            else remedies.remedy || ': influx-m2 sql "' || replace(
                replace(remedies.query, '$model', '''' || model_version || ''''),
                '$run', coalesce(cast(moment.harvest_run_id as string), 'null')
            ) || '"'
        end as next_step
    from decisive
    cross join {{ ref('int_gate_moment') }} as moment
    left join remedies on decisive.measure = remedies.measure

),

described as (

    select
        -- ids
        model_version,
        criterion,

        -- strings
        case when criterion_holds then 'GO' else 'NO-GO' end as verdict,
        measure,
        comparison,
        finding,
        next_step,
        '{{ built_from_here() }}' as built_from,
        landed_checksum,

        -- numerics
        position,
        value as measured_value,
        threshold,

        landed_to,
        listed_to,
        requested_to,

        -- timestamps
        as_of,
        answered_to
    from explained

)

select * from described
