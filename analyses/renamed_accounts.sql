-- Which accounts were renamed, and are they published?
-- Links, lists and mentions of others still use the old handle, which somebody else may hold by now.
with

renames as (

    select
        history.author_id,
        history.previous_handle,
        history.handle,
        history.first_seen_at as first_seen_under_it,
        taken.author_id as old_handle_now_of,
        records.rank_global
    from {{ ref('handle_history') }} as history
    left join {{ ref('handle_history') }} as taken
        on
            lower(history.previous_handle) = lower(taken.handle)
            and history.author_id <> taken.author_id
            and taken.is_current
    left join {{ ref('release_records') }} as records
        on
            history.author_id = records.author_id
            and records.model_version = 'm2.1'
    where history.previous_handle is not null

)

select * from renames
order by first_seen_under_it desc, author_id asc
