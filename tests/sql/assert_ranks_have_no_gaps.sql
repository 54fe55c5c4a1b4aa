-- Ranks of a model version are 1 to n, and following them never leads to a higher score.
with

ranked as (

    select
        model_version,
        rank_global,
        score,
        row_number() over (partition by model_version order by rank_global) as position,
        lag(score) over (partition by model_version order by rank_global) as score_before
    from {{ ref('int_release_ranks') }}

)

select * from ranked
where
    rank_global is distinct from position
    or score > score_before
