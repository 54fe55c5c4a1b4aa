-- One row per author, model version and part of the score (author_id, model_version, position), at the author's latest
-- observation. The contributions of an author add up to the score, to the last digit. Each step is read once, and
-- speaks of one author at a time, so that DuckDB works out nobody but whom it is asked for.
with

observations as (

    select
        features.author_id,
        features.observed_at,
        features.payload_hash,
        indexed.is_latest
    from {{ ref('int_observation_features') }} as features
    inner join {{ ref('int_observations_indexed') }} as indexed
        on
            features.author_id = indexed.author_id
            and features.landing_id = indexed.landing_id
    where
        indexed.is_latest
        or indexed.is_previous

),

parts as (

    select * from {{ ref('int_score_parts_m0') }}
    union all
    select * from {{ ref('int_score_parts_m2_0') }}
    union all
    select * from {{ ref('int_score_parts_m2_1') }}
    union all
    -- what the roundings of all others leave of the score
    select
        author_id,
        model_version,
        observed_at,
        payload_hash,
        99 as position,
        'all' as component,
        'rounding' as signal,
        false as is_signal,
        cast(null as double) as value,
        cast(null as string) as unit,
        cast(null as double) as points,
        cast(null as double) as weight,
        cast(0 as double) as raw_points
    from {{ ref('author_score_history') }}

),

scaled as (

    -- a calibrated score is stretched: each point of the raw score (before the rounding, the clamp included) is worth
    -- score / raw score points
    select
        observations.is_latest,
        observations.observed_at,
        history.score,
        parts.author_id,
        parts.model_version,
        parts.position,
        parts.component,
        parts.signal,
        parts.is_signal,
        parts.value,
        parts.unit,
        parts.points,
        parts.weight,
        cast(
            case
                when history.raw_score > 0
                    then parts.raw_points * history.score / {{ clamp('history.raw_score') }}
                else 0
            end
            as decimal(9, 4)
        ) as contribution
    from parts
    inner join {{ ref('author_score_history') }} as history
        on
            parts.author_id = history.author_id
            and parts.model_version = history.model_version
            and parts.observed_at = history.observed_at
            and parts.payload_hash = history.payload_hash
    inner join observations
        on
            parts.author_id = observations.author_id
            and parts.observed_at = observations.observed_at
            and parts.payload_hash = observations.payload_hash
    where
        parts.is_signal
        or parts.raw_points is not null

),

added_up as (

    select
        *,
        case
            when signal = 'rounding'
                then
                    cast(score as decimal(9, 4))
                    - sum(contribution) over (partition by author_id, model_version, is_latest)
            else contribution
        end as exact_contribution,
        max(case when is_latest then score end) over author_and_model as score_now,
        max(case when not is_latest then score end) over author_and_model as score_before,
        max(case when is_latest then observed_at end) over author_and_model as observed_now,
        max(case when not is_latest then observed_at end) over author_and_model as observed_before
    from scaled
    window author_and_model as (partition by author_id, model_version)

),

compared as (

    -- what stood in for a signal then may not now, and the other way round: both have a row
    select
        author_id,
        model_version,
        position,
        component,
        signal,
        is_signal,
        unit,
        score_now,
        score_before,
        observed_now,
        observed_before,
        max(value) filter (where is_latest) as value,
        max(value) filter (where not is_latest) as value_before,
        max(points) filter (where is_latest) as points,
        max(weight) filter (where is_latest) as weight,
        coalesce(sum(exact_contribution) filter (where is_latest), 0) as contribution,
        case
            when score_before is not null
                then coalesce(sum(exact_contribution) filter (where not is_latest), 0)
        end as contribution_before
    from added_up
    group by
        author_id, model_version, position, component, signal, is_signal, unit,
        score_now, score_before, observed_now, observed_before

),

yardsticks as (

    select
        author_id,
        max(score) filter (where model_version = 'm0') as score_m0,
        max(score) filter (where model_version = 'm2.0') as score_m2_0
    from {{ ref('author_scores') }}
    group by author_id

),

described as (

    select
        -- ids
        compared.author_id,
        compared.model_version,
        compared.position,

        -- strings
        authors.handle,
        compared.component,
        compared.signal,
        compared.unit,

        -- numerics
        compared.value,
        compared.value_before,
        compared.points,
        compared.weight,
        cast(compared.contribution as decimal(9, 4)) as contribution,
        cast(compared.contribution_before as decimal(9, 4)) as contribution_before,
        cast(compared.contribution - compared.contribution_before as decimal(10, 4)) as movement,
        compared.score_now as score,
        compared.score_before,
        yardsticks.score_m0,
        yardsticks.score_m2_0,

        -- booleans
        compared.is_signal,
        compared.is_signal and compared.points is null as is_missing,

        -- timestamps
        compared.observed_now as observed_at,
        compared.observed_before
    from compared
    inner join yardsticks on compared.author_id = yardsticks.author_id
    inner join {{ ref('int_authors_latest') }} as authors on compared.author_id = authors.author_id

)

select * from described
