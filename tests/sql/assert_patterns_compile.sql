-- A pattern that is no regular expression would stop the build inside a join. Here it is named, with its file
-- and its column, before any model reads it. A rule file is held to the same before it lands.
with

patterns as (

    select
        rule_set,
        file,
        kind,
        'pattern' as key,
        pattern
    from {{ ref('int_active_rules') }}
    where kind in ('domain_pattern', 'name_pattern', 'emoji')
    union all
    select
        rule_set,
        file,
        kind,
        'exceptions' as key,
        exceptions as pattern
    from {{ ref('int_active_rules') }}
    where exceptions is not null

)

select * from patterns
where {{ is_no_pattern('pattern') }}
