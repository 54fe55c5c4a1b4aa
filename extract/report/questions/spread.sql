-- The same in numbers, a row a version.
select
    model_version,
    count(*) as authors,
    min(score) as lowest,
    quantile_cont(score, 0.25) as first_quartile,
    median(score) as median,
    quantile_cont(score, 0.75) as third_quartile,
    max(score) as highest
from marts.release_records
group by model_version
order by model_version;
