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
        cast(null as string) as flag_name,
        cast(null as string) as severity,
        false as auto_exclude
    from {{ ref('brand_rules') }}
    union all
    select
        'risk' as rule_set,
        kind,
        category,
        pattern,
        cast(null as string) as exceptions,
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
        seeded.rule_set,
        seeded.kind,
        seeded.category,
        seeded.pattern,
        seeded.exceptions,
        seeded.flag_name,
        seeded.severity,
        seeded.auto_exclude
    from seeded
    inner join choices on seeded.rule_set = choices.rule_set
    where choices.sha256 is null
    union all
    select
        choices.file,
        landed.rule_set,
        landed.kind,
        landed.category,
        landed.pattern,
        landed.exceptions,
        landed.flag_name,
        landed.severity,
        landed.auto_exclude
    from landed
    inner join choices
        on
            landed.rule_set = choices.rule_set
            and landed.sha256 = choices.sha256

)

select * from active
