-- Who left since the last release, and why?
-- An author who is missed is asked about: have the reason at hand, and see at once where a rule took out too many.
with

reasons as (

    select
        movements.released_rank,
        movements.handle,
        movements.released_score,
        coalesce(excluded.rule, 'not_in_warehouse') as rule,
        excluded.detail,
        freshness.last_checked_at
    from {{ ref('score_movements') }} as movements
    left join {{ ref('excluded_authors') }} as excluded on movements.author_id = excluded.author_id
    left join {{ ref('author_freshness') }} as freshness on movements.author_id = freshness.author_id
    where
        movements.model_version = 'm2.1'
        and movements.movement_kind = 'left'

)

select * from reasons
order by released_rank
