-- One row per author and rule that matched (author_id, rule_set, kind, pattern).
-- Only authors over the entry threshold are held against the rules: nobody else can be published.
with

candidates as (

    select
        author_id,
        handle,
        verified,
        coalesce(name, '') as name,
        {{ lower_text("coalesce(description, '')") }} as bio,
        {{ as_words("coalesce(name, '')") }} as name_words,
        -- a handle has no spaces: its words are told apart by underscores and capitals
        {{ as_words("regexp_replace(handle, '([a-z0-9])([A-Z])', '\\1 \\2', 'g')") }} as handle_words,
        concat_ws(' ', links, description) as addresses
    from {{ ref('int_authors_latest') }}
    where entry_threshold_passed

),

brand_rules as (

    select
        'brand' as rule_set,
        kind,
        category,
        pattern,
        exceptions,
        cast(null as varchar) as flag_name,
        false as auto_exclude
    from {{ ref('brand_rules') }}

),

risk_rules as (

    select
        'risk' as rule_set,
        kind,
        category,
        pattern,
        cast(null as varchar) as exceptions,
        flag_name,
        auto_exclude
    from {{ ref('risk_rules') }}

),

listed_rules as (

    select * from brand_rules
    union all
    select * from risk_rules

),

rules as (

    select
        *,
        {{ lower_text('pattern') }} as phrase,
        {{ as_words('pattern') }} as words
    from listed_rules

),

matches as (

    select
        candidates.author_id,
        rules.rule_set,
        rules.kind,
        rules.category,
        rules.pattern,
        rules.flag_name,
        rules.auto_exclude
    from candidates
    inner join rules
        on case rules.kind
            when 'name_keyword'
                then contains(candidates.name_words, rules.words) or contains(candidates.handle_words, rules.words)
            when 'bio_keyword' then contains(candidates.bio, rules.phrase)
            when 'emoji' then contains(candidates.name, rules.pattern) or contains(candidates.bio, rules.pattern)
            when 'name_pattern' then regexp_matches(candidates.name, rules.pattern)
            when 'domain_pattern'
                then
                    regexp_matches(candidates.addresses, rules.pattern, 'i')
                    and not coalesce(regexp_matches(candidates.addresses, rules.exceptions, 'i'), false)
            when 'org_verification' then candidates.verified = rules.pattern
            else lower(candidates.handle) = rules.phrase
        end

)

select * from matches
