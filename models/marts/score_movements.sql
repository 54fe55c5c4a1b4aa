-- One row per model version and author (model_version, author_id) that entered, left or moved since the version's last
-- released scores. A rank that moved because others did is no movement.
with

last_releases as (

    select
        model_version,
        max(release_number) as release_number
    from {{ source('raw', 'released_scores') }}
    group by model_version

),

released as (

    select released_scores.*
    from {{ source('raw', 'released_scores') }} as released_scores
    inner join last_releases on released_scores.release_number = last_releases.release_number

),

releases as (

    select
        model_version,
        max(release_id) as release_id
    from released
    group by model_version

),

records as (

    select
        records.model_version,
        records.author_id,
        records.handle,
        records.score,
        records.rank_global,
        records.activity,
        records.quality,
        records.relevance
    from {{ ref('int_release_ranks') }} as records
    inner join releases on records.model_version = releases.model_version

),

weights as (

    select
        model_version,
        {{ side_by_side('component', ['activity', 'quality', 'relevance'], {'weight': '_weight'}) }}
    from {{ ref('score_weights') }}
    group by model_version

),

compared as (

    select
        coalesce(records.model_version, released.model_version) as model_version,
        coalesce(records.author_id, released.author_id) as author_id,
        coalesce(records.handle, released.handle) as handle,
        case
            when released.author_id is null then 'entered'
            when records.author_id is null then 'left'
            else 'moved'
        end as movement_kind,
        released.score as released_score,
        records.score,
        released.rank_global as released_rank,
        records.rank_global as rank,
        records.activity - released.activity as activity,
        records.quality - released.quality as quality,
        records.relevance - released.relevance as relevance
    from records
    full join released
        on
            records.model_version = released.model_version
            and records.author_id = released.author_id
    where records.score is distinct from released.score

),

weighed as (

    -- nine places: what a subtraction leaves behind is no movement
    select
        compared.*,
        {{ round_half_up('score - released_score', 1) }} as movement,
        round(weights.activity_weight * activity, 9) as activity_points,
        round(weights.quality_weight * quality, 9) as quality_points,
        round(weights.relevance_weight * relevance, 9) as relevance_points
    from compared
    left join weights on compared.model_version = weights.model_version

),

attributed as (

    select
        *,
        greatest(abs(activity_points), abs(quality_points), abs(relevance_points)) as largest_points
    from weighed

),

described as (

    select
        -- ids
        attributed.model_version,
        attributed.author_id,
        releases.release_id,

        -- strings
        attributed.handle,
        attributed.movement_kind,
        case
            when attributed.largest_points = 0 then null
            when abs(attributed.activity_points) = attributed.largest_points then 'activity'
            when abs(attributed.quality_points) = attributed.largest_points then 'quality'
            when abs(attributed.relevance_points) = attributed.largest_points then 'relevance'
        end as moved_by,

        -- numerics
        attributed.released_score,
        attributed.score,
        attributed.movement,
        attributed.released_rank,
        attributed.rank,
        attributed.activity_points,
        attributed.quality_points,
        attributed.relevance_points
    from attributed
    inner join releases on attributed.model_version = releases.model_version

)

select * from described
