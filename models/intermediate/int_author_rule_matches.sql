{{ config(pre_hook=[
    "{{ forget(is_due()) }}",
    "{{ set_pattern_screen('domain_pattern') }}",
    "{{ set_pattern_screen('name_pattern') }}",
    "{{ set_pattern_screen('emoji') }}",
]) }}
-- One row per author and rule that matched (author_id, rule_set, kind, category, pattern).
-- Only authors over the entry threshold are held against the rules: nobody else can be published.
with

authors as (

    select
        author_id,
        handle,
        verified,
        coalesce(name, '') as name,
        coalesce(description, '') as description,
        -- A line an address: what the profile links to, and what looks like an address in the description.
        {{ array_text(
            "regexp_extract_all(concat_ws(' ', links, description), " ~ regex('\\S*\\.[\\p{L}\\p{N}]\\S*') ~ ', 0)',
            'chr(10)'
        ) }} as addresses
    from {{ ref('int_author_profiles') }}
    where
        entry_threshold_passed
        and {{ is_due() }}

),

candidates as (

    select
        *,
        {{ lower_text('description') }} as bio,
        {{ as_words('name') }} as name_words,
        -- a handle has no spaces: its words are told apart by underscores and capitals
        {{ as_words(replace_all('handle', '([a-z0-9])([A-Z])', '\\1 \\2')) }} as handle_words,
        {{ passes_screen('addresses', 'domain_pattern') }} as may_match_domain,
        {{ passes_screen('name', 'name_pattern') }} as may_match_name,
        {{ passes_screen('name', 'emoji') }} or {{ passes_screen('description', 'emoji') }} as may_match_emoji
    from authors

),

rules as (

    select
        *,
        {{ lower_text('pattern') }} as phrase,
        {{ as_words('pattern') }} as words
    from {{ ref('int_active_rules') }}

),

-- A join a kind: DuckDB judges a plain condition far faster than a case over all of them.
by_word as (

    select
        candidates.author_id,
        case when contains(candidates.name_words, rules.words) then 'name' else 'handle' end as matched_in,
        rules.*
    from candidates
    inner join rules
        on contains(candidates.name_words, rules.words) or contains(candidates.handle_words, rules.words)
    where rules.kind = 'name_keyword'

),

by_phrase as (

    select
        candidates.author_id,
        'description' as matched_in,
        rules.*
    from candidates
    inner join rules on contains(candidates.bio, rules.phrase)
    where rules.kind = 'bio_keyword'

),

by_emoji as (

    select
        candidates.author_id,
        case
            when {{ matches_pattern('candidates.name', 'rules.pattern') }} then 'name' else 'description'
        end as matched_in,
        rules.*
    from candidates
    inner join rules
        on
            {{ matches_pattern('candidates.name', 'rules.pattern') }}
            or {{ matches_pattern('candidates.description', 'rules.pattern') }}
    where
        rules.kind = 'emoji'
        and candidates.may_match_emoji

),

by_name as (

    select
        candidates.author_id,
        'name' as matched_in,
        rules.*
    from candidates
    inner join rules on {{ matches_pattern('candidates.name', 'rules.pattern') }}
    where
        rules.kind = 'name_pattern'
        and candidates.may_match_name

),

by_address as (

    select
        candidates.author_id,
        'addresses' as matched_in,
        rules.*
    from candidates
    inner join rules
        on
            {{ matches_pattern('candidates.addresses', 'rules.pattern') }}
            and not coalesce({{ matches_pattern('candidates.addresses', 'rules.exceptions') }}, false)
    where
        rules.kind = 'domain_pattern'
        and candidates.may_match_domain

),

by_identity as (

    select
        candidates.author_id,
        case when rules.kind = 'org_verification' then 'verified' else 'handle' end as matched_in,
        rules.*
    from candidates
    inner join rules
        on rules.phrase = case rules.kind
            when 'org_verification' then candidates.verified
            else lower(candidates.handle)
        end
    where rules.kind in ('org_verification', 'blacklisted_handle', 'exception')

),

matches as (

    select * from by_word
    union all
    select * from by_phrase
    union all
    select * from by_emoji
    union all
    select * from by_name
    union all
    select * from by_address
    union all
    select * from by_identity

)

select
    author_id,
    rule_set,
    file,
    kind,
    category,
    pattern,
    matched_in,
    flag_name,
    severity,
    auto_exclude
from matches
