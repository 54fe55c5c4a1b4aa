-- One row per rule set (rule_set): the rules that these marts were built with.
with

choices as (

    select * from {{ ref('int_rule_choices') }}

),

counted as (

    select
        rule_set,
        count(*) as rules
    from {{ ref('int_active_rules') }}
    group by rule_set

),

described as (

    select
        choices.rule_set,
        choices.file,
        choices.sha256,
        coalesce(counted.rules, 0) as rules,
        choices.choice_id,
        choices.chosen_at
    from choices
    left join counted on choices.rule_set = counted.rule_set

)

select * from described
