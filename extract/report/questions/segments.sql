-- How far the scores of each segment moved from m0, against what the plan projected.
select
    segment,
    description,
    authors,
    mean_shift,
    median_shift,
    projected_low,
    projected_high,
    share_within,
    holds
from marts.score_shifts
where model_version = $model
order by projected_low is null desc, segment;
