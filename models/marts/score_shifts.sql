-- One row per model version but m0 and segment (model_version, segment): how far scores moved from m0, and whether that
-- is what the plan projected.
with

scores as (

    select
        author_id,
        model_version,
        score
    from {{ ref('int_release_scores') }}

),

shifts as (

    select
        scores.author_id,
        scores.model_version,
        scores.score - before.score as shift
    from scores
    inner join scores as before on scores.author_id = before.author_id
    where
        before.model_version = 'm0'
        and scores.model_version <> 'm0'

),

members as (

    select
        shifts.model_version,
        segments.segment,
        shifts.shift
    from shifts
    inner join {{ ref('int_author_segments') }} as segments on shifts.author_id = segments.author_id

),

expected as (

    select
        models.model_version,
        segments.*
    from {{ ref('score_models') }} as models
    cross join {{ ref('score_segments') }} as segments
    where models.model_version <> 'm0'

),

measured as (

    select
        expected.model_version,
        expected.segment,
        expected.description,
        count(members.shift) as authors,
        -- scores have one decimal: as such they add up to the same in whatever order
        {{ round_half_up(
            'cast(sum(cast(members.shift as decimal(9, 1))) as double) / nullif(count(members.shift), 0)', 2
        ) }} as mean_shift,
        {{ round_half_up('median(members.shift)', 2) }} as median_shift,
        expected.projected_low,
        expected.projected_high,
        round(avg(cast(case
            when members.shift between expected.projected_low and expected.projected_high then 1
            when members.shift is not null and expected.projected_low is not null then 0
        end as double)), 4) as share_within
    from expected
    left join members
        on
            expected.model_version = members.model_version
            and expected.segment = members.segment
    group by
        expected.model_version,
        expected.segment,
        expected.description,
        expected.projected_low,
        expected.projected_high

),

judged as (

    select
        *,
        median_shift between projected_low and projected_high as holds
    from measured

)

select * from judged
