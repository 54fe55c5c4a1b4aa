-- One row per knot of a calibration from the publishable authors (model_version, raw_score). A proposal:
-- scores change only once `influx-m2 calibrate --write` has made a seed of it.
with

population as (

    select
        scores.model_version,
        count(*) as authors,
        avg(scores.raw_score) as mean_raw_score,
        stddev_samp(scores.raw_score) as deviation
    from {{ ref('author_scores') }} as scores
    inner join {{ ref('release_records') }} as records
        on
            scores.author_id = records.author_id
            and scores.model_version = records.model_version
    group by scores.model_version
    -- a mean and a deviation of fewer are mostly luck
    having count(*) >= 30

),

targets as (

    select * from {{ ref('calibration_targets') }}

),

ends as (

    select cast(unnest([0, 100]) as double) as raw_score

),

inner_knots as (

    -- Two numbers are estimated, mean and deviation, and the knots follow from them: seven quantiles of a few hundred
    -- authors would each carry an error of their own.
    select
        population.*,
        round(population.mean_raw_score + targets.deviations * population.deviation, 2) as raw_score,
        targets.score
    from population
    inner join targets on population.model_version = targets.model_version

),

knots as (

    select
        model_version,
        raw_score,
        score,
        authors,
        mean_raw_score,
        deviation
    from inner_knots
    union all
    select
        population.model_version,
        ends.raw_score,
        ends.raw_score as score,
        population.authors,
        population.mean_raw_score,
        population.deviation
    from population
    cross join ends
    where population.model_version in (select model_version from targets)

)

select * from knots
