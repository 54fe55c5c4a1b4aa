-- How many authors there are, and how many of them a release of the version would hold.
select
    (select count(*) from marts.author_freshness) as authors,
    (select count(*) from marts.excluded_authors) as excluded,
    (select count(*) from marts.release_records where model_version = $model) as published,
    (select round(median(score), 1) from marts.release_records where model_version = $model) as median_score,
    (select max(as_of) from marts.release_records where model_version = $model) as as_of;
