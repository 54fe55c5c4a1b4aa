-- Who moved furthest since the last release of the version, and through which component.
select
    handle,
    released_score,
    score,
    movement,
    released_rank,
    rank,
    coalesce(moved_by, 'no component') as moved_by
from marts.score_movements
where
    model_version = $model
    and movement_kind = 'moved'
order by abs(movement) desc, handle
limit 30;
