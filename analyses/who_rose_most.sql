-- Who rose most this month?
-- Readers will notice them first: look at them before you publish, and twice where no component explains the rise.
with

months as (

    -- thirty days up to the newest observation: by the wall clock, the answer would be another one tomorrow
    select max(observed_at) - interval 30 days as began_at
    from {{ ref('author_score_history') }}

),

scores as (

    select
        history.author_id,
        history.observed_at,
        history.payload_hash,
        struct_pack(history.observed_at, history.score) as sight,
        history.observed_at > months.began_at as is_in_month
    from {{ ref('author_score_history') }} as history
    cross join months
    where history.model_version = 'm2.1'

),

baselines as (

    -- the last observation from before the month; whoever was first seen in it, is held against the first
    select
        author_id,
        coalesce(
            max_by(sight, struct_pack(observed_at, payload_hash)) filter (where not is_in_month),
            min_by(sight, struct_pack(observed_at, payload_hash))
        ) as baseline
    from scores
    group by author_id

),

moved as (

    select
        records.rank_global,
        records.handle,
        records.score,
        round(records.score - baselines.baseline.score, 1) as rise,
        baselines.baseline.observed_at as since
    from {{ ref('release_records') }} as records
    inner join baselines on records.author_id = baselines.author_id
    where records.model_version = 'm2.1'

)

select * from moved
where rise > 0
order by rise desc, rank_global asc
limit 20
