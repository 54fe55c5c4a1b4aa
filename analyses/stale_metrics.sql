-- Whose metrics are stale, among those who are published?
-- They are what the gate's freshness is lost to: refresh them first, or find out why X keeps silent about them.
with

clocks as (

    -- the time to which the release gate counts ages
    select max(as_of) as as_of
    from {{ ref('release_gate') }}

),

ages as (

    select
        records.rank_global,
        records.handle,
        freshness.metrics_observed_at,
        freshness.last_checked_at,
        round(epoch(clocks.as_of - freshness.metrics_observed_at) / 86400, 1) as days_old
    from {{ ref('release_records') }} as records
    inner join {{ ref('author_freshness') }} as freshness on records.author_id = freshness.author_id
    cross join clocks
    where records.model_version = 'm2.1'

)

select * from ages
where
    days_old is null
    or days_old >= 30
order by days_old desc nulls first, rank_global asc
