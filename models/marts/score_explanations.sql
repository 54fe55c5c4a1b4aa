-- One row per author, model version and part of the score (author_id, model_version, position), at the author's latest
-- observation. The contributions of an author add up to the score, to the last digit.
with

parts as (

    select * from {{ ref('int_score_parts_m0') }}
    union all
    select * from {{ ref('int_score_parts_m2_0') }}
    union all
    select * from {{ ref('int_score_parts_m2_1') }}

),

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

scores as (

    select
        history.author_id,
        history.model_version,
        history.observed_at,
        history.payload_hash,
        observations.is_latest,
        history.score,
        -- before the rounding, the clamp included
        {{ clamp('history.raw_score') }} as raw_score
    from {{ ref('author_score_history') }} as history
    inner join observations
        on
            history.author_id = observations.author_id
            and history.observed_at = observations.observed_at
            and history.payload_hash = observations.payload_hash

),

scaled as (

    -- a calibrated score is stretched: each point of the raw score is worth score / raw score points
    select
        scores.author_id,
        scores.model_version,
        scores.is_latest,
        parts.position,
        parts.component,
        parts.signal,
        parts.is_signal,
        parts.value,
        parts.unit,
        parts.points,
        parts.weight,
        cast(
            case when scores.raw_score > 0 then parts.raw_points * scores.score / scores.raw_score else 0 end
            as decimal(9, 4)
        ) as contribution
    from scores
    inner join parts
        on
            scores.author_id = parts.author_id
            and scores.model_version = parts.model_version
            and scores.observed_at = parts.observed_at
            and scores.payload_hash = parts.payload_hash
    where
        parts.is_signal
        or parts.raw_points is not null

),

summed as (

    select
        author_id,
        model_version,
        is_latest,
        sum(contribution) as contributions
    from scaled
    group by author_id, model_version, is_latest

),

rounding as (

    select
        scores.author_id,
        scores.model_version,
        scores.is_latest,
        99 as position,
        'all' as component,
        'rounding' as signal,
        false as is_signal,
        cast(null as double) as value,
        cast(null as string) as unit,
        cast(null as double) as points,
        cast(null as double) as weight,
        cast(cast(scores.score as decimal(9, 4)) - summed.contributions as decimal(9, 4)) as contribution
    from scores
    inner join summed
        on
            scores.author_id = summed.author_id
            and scores.model_version = summed.model_version
            and scores.is_latest = summed.is_latest

),

explained as (

    select * from scaled
    union all
    select * from rounding

),

latest as (

    select * from explained
    where is_latest

),

previous as (

    select * from explained
    where not is_latest

),

totals as (

    select
        author_id,
        model_version,
        max(score) filter (where is_latest) as score,
        max(score) filter (where not is_latest) as score_before,
        max(observed_at) filter (where is_latest) as observed_at,
        max(observed_at) filter (where not is_latest) as observed_before
    from scores
    group by author_id, model_version

),

yardsticks as (

    select
        author_id,
        max(score) filter (where model_version = 'm0') as score_m0,
        max(score) filter (where model_version = 'm2.0') as score_m2_0
    from scores
    where is_latest
    group by author_id

),

compared as (

    -- what stood in for a signal then may not now, and the other way round: both have a row
    select
        coalesce(latest.author_id, previous.author_id) as author_id,
        coalesce(latest.model_version, previous.model_version) as model_version,
        coalesce(latest.position, previous.position) as position,
        coalesce(latest.component, previous.component) as component,
        coalesce(latest.signal, previous.signal) as signal,
        coalesce(latest.is_signal, previous.is_signal) as is_signal,
        latest.value,
        previous.value as value_before,
        coalesce(latest.unit, previous.unit) as unit,
        latest.points,
        latest.weight,
        cast(coalesce(latest.contribution, 0) as decimal(9, 4)) as contribution,
        cast(coalesce(previous.contribution, 0) as decimal(9, 4)) as contribution_before
    from latest
    full outer join previous
        on
            latest.author_id = previous.author_id
            and latest.model_version = previous.model_version
            and latest.position = previous.position

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
        compared.contribution,
        case when totals.score_before is not null then compared.contribution_before end as contribution_before,
        case
            when totals.score_before is not null then compared.contribution - compared.contribution_before
        end as movement,
        totals.score,
        totals.score_before,
        yardsticks.score_m0,
        yardsticks.score_m2_0,

        -- booleans
        compared.is_signal,
        compared.is_signal and compared.points is null as is_missing,

        -- timestamps
        totals.observed_at,
        totals.observed_before
    from compared
    inner join totals
        on
            compared.author_id = totals.author_id
            and compared.model_version = totals.model_version
    inner join yardsticks on compared.author_id = yardsticks.author_id
    inner join {{ ref('int_authors_latest') }} as authors on compared.author_id = authors.author_id

)

select * from described
