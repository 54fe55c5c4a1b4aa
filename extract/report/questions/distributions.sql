-- How the scores of each version are spread: the share of its records in each bin of two points (the last holds 100).
with

bins as (

    select
        model_version,
        -- one more bin, of nobody, closes the line at 100
        unnest(range(0, 102, 2)) as score_from
    from staging.score_models

),

counted as (

    select
        model_version,
        cast(least(floor(score / 2) * 2, 98) as bigint) as score_from,
        count(*) as authors
    from marts.release_records
    group by all

)

select
    bins.model_version,
    bins.score_from,
    bins.score_from + 2 as score_to,
    coalesce(counted.authors, 0) as authors,
    round(coalesce(counted.authors / sum(counted.authors) over (partition by bins.model_version), 0), 6) as share
from bins
left join counted using (model_version, score_from)
order by bins.model_version, bins.score_from;
