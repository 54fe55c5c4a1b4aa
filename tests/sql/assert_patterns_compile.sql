-- A pattern that is no regular expression would stop the build inside a join. Here it is named, with its file
-- and its column, before any model reads it.
with

patterns as (

    select
        'seeds/brand_rules.csv' as file,
        'pattern' as key,
        pattern
    from {{ ref('brand_rules') }}
    where kind = 'domain_pattern'
    union all
    select
        'seeds/brand_rules.csv' as file,
        'exceptions' as key,
        exceptions as pattern
    from {{ ref('brand_rules') }}
    where exceptions is not null
    union all
    select
        'seeds/risk_rules.csv' as file,
        'pattern' as key,
        pattern
    from {{ ref('risk_rules') }}
    where kind = 'name_pattern'

)

select * from patterns
where try(regexp_matches('', pattern)) is null
