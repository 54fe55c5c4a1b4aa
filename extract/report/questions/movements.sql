-- Who entered, left or moved since the last release of the version: how many.
select
    movement_kind,
    count(*) as authors,
    max(release_id) as release_id
from marts.score_movements
where model_version = $model
group by movement_kind
order by movement_kind;
