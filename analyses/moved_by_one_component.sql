-- Which authors moved because of one component alone?
-- A movement with one cause can be told in a sentence; many with the same one point to a list that was changed.
with

moved as (

    select
        handle,
        released_score,
        score,
        movement,
        moved_by,
        activity_points,
        quality_points,
        relevance_points,
        greatest(abs(activity_points), abs(quality_points), abs(relevance_points)) as largest,
        abs(activity_points) + abs(quality_points) + abs(relevance_points) as total
    from {{ ref('score_movements') }}
    where
        model_version = 'm2.1'
        and movement_kind = 'moved'
        and moved_by is not null

),

caused as (

    select
        moved_by,
        handle,
        released_score,
        score,
        movement,
        round(100 * largest / total) as percent_of_points
    from moved
    -- nine tenths: an account that is a week older has moved by a hair for that alone
    where largest >= 0.9 * total

)

select * from caused
order by abs(movement) desc, handle asc
