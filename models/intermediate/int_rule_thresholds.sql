-- One row per threshold (threshold): the number that the chosen rule file sets, else the seed's.
with

landed as (

    select
        thresholds.threshold,
        thresholds.value
    from {{ source('raw', 'rule_thresholds') }} as thresholds
    inner join {{ ref('int_rule_choices') }} as choices
        on
            thresholds.rule_set = choices.rule_set
            and thresholds.sha256 = choices.sha256

),

in_force as (

    select
        seeded.threshold,
        coalesce(landed.value, seeded.value) as value
    from {{ ref('thresholds') }} as seeded
    left join landed on seeded.threshold = landed.threshold

)

select * from in_force
