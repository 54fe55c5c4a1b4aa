-- One row per calibrated model version (model_version): the pieces of its map from raw scores to 0-100, in order.
with

knots as (

    select * from {{ ref('calibration_knots') }}

),

stretches as (

    select
        model_version,
        raw_score as starts_at,
        score as score_at_start,
        lead(raw_score) over (partition by model_version order by raw_score) - raw_score as width,
        lead(score) over (partition by model_version order by raw_score) - score as rise
    from knots

),

listed as (

    select
        model_version,
        min(score_at_start) as lowest_score,
        {{ array_ordered_by(
            struct_of({'starts_at': 'starts_at', 'width': 'width', 'slope': 'rise / width'}), 'starts_at'
        ) }} as pieces
    from stretches
    where width > 0
    group by model_version

)

select * from listed
