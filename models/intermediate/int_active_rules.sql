-- One row per rule in force (rule_set, kind, category, pattern): of the chosen file, else of the seeds.
with

choices as (

    select * from {{ ref('int_rule_choices') }}

),

seeded as (

    select
        'brand' as rule_set,
        kind,
        category,
        pattern,
        exceptions,
        cast(null as varchar) as flag_name,
        cast(null as varchar) as severity,
        false as auto_exclude
    from {{ ref('brand_rules') }}
    union all
    select
        'risk' as rule_set,
        kind,
        category,
        pattern,
        cast(null as varchar) as exceptions,
        flag_name,
        severity,
        auto_exclude
    from {{ ref('risk_rules') }}

),

landed as (

    select * from {{ source('raw', 'rules') }}

),

active as (

    select
        choices.file,
        seeded.*
    from seeded
    inner join choices on seeded.rule_set = choices.rule_set
    where choices.sha256 is null
    union all by name
    select
        choices.file,
        landed.* exclude (sha256)
    from landed
    inner join choices
        on
            landed.rule_set = choices.rule_set
            and landed.sha256 = choices.sha256

)

select * from active
