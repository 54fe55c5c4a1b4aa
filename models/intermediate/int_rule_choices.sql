-- One row per rule set (rule_set): the rule file in force, or the seeds, which go by the name of default.
with

rule_sets as (

    select 'brand' as rule_set
    union all
    select 'risk' as rule_set

),

choices as (

    select * from {{ source('raw', 'rule_choices') }}

),

last_choices as (

    select
        rule_set,
        max(choice_id) as choice_id
    from choices
    group by rule_set

),

named as (

    select
        rule_sets.rule_set,
        last_choices.choice_id,
        choices.sha256,
        coalesce(files.file, 'default') as file,
        choices.chosen_at
    from rule_sets
    left join last_choices on rule_sets.rule_set = last_choices.rule_set
    left join choices on last_choices.choice_id = choices.choice_id
    left join {{ source('raw', 'rule_files') }} as files
        on
            choices.rule_set = files.rule_set
            and choices.sha256 = files.sha256

)

select * from named
