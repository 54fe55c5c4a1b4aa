-- One row per knot of a calibration from the publishable authors (model_version, raw_score). A proposal:
-- scores change only once `influx-m2 calibrate --write` has made a seed of it.
with

raw_scores as (

    -- Whole billionths: sums of doubles differ in their last digits with the order of the rows, and the same authors
    -- are to have the same proposal, whichever builds their rows came with.
    select
        model_version,
        cast(round(raw_score * 1e9) as {{ wide_integer() }}) as billionths
    from {{ ref('int_release_scores') }}

),

summed as (

    select
        model_version,
        count(*) as authors,
        sum(billionths) as total,
        sum(billionths * billionths) as total_of_squares
    from raw_scores
    group by model_version
    -- a mean and a deviation of fewer are mostly luck
    having count(*) >= 30

),

population as (

    select
        model_version,
        authors,
        cast(total as double) / authors / 1e9 as mean_raw_score,
        sqrt(cast(authors * total_of_squares - total * total as double) / authors / (authors - 1)) / 1e9 as deviation
    from summed

),

targets as (

    select * from {{ ref('calibration_targets') }}

),

ends as (

    select cast(0 as double) as raw_score
    union all
    select cast(100 as double) as raw_score

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
