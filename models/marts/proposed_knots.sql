-- One row per knot of a calibration from the publishable authors (model_version, raw_score). A proposal:
-- scores change only once `influx-m2 calibrate --write` has made a seed of it.
with

population as (

    select
        model_version,
        count(*) as authors,
        avg(raw_score) as mean_raw_score,
        stddev_samp(raw_score) as deviation
    from {{ ref('int_release_scores') }}
    group by model_version
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
