-- One row per author that is left out of the release (author_id): the first rule that says so, and why.
with

authors as (

    select * from {{ ref('authors') }}

),

contested_handles as (

    -- X hands a handle on: it belongs to the author last seen under it
    select
        lower(handle) as handle_key,
        max_by(author_id, struct_pack(observed_at, author_id)) as owner_id
    from authors
    group by lower(handle)
    having count(*) > 1

),

refused as (

    select
        author_id,
        refusal
    from {{ ref('author_freshness') }}
    where refusal is not null

),

judged as (

    select
        authors.author_id,
        authors.handle,
        case
            when not coalesce(regexp_matches(authors.author_id, '^[0-9]{1,19}$'), false) then 'unpublishable_id'
            when not coalesce(regexp_matches(authors.handle, '^[A-Za-z0-9_]{1,15}$'), false) then 'unpublishable_handle'
            when coalesce({{ without_nul('name') }}, '') = '' then 'unpublishable_name'
            when coalesce(authors.followers_count, -1) < 0 then 'unpublishable_followers'
            when
                starts_with(authors.author_id, '1234567890000000')
                or regexp_matches(lower(authors.handle), '^(test|mock|fixture|sample|tmp)_')
                then 'placeholder'
            when authors.author_id <> contested_handles.owner_id then 'handle_reassigned'
            when refused.refusal is not null then refused.refusal
            when authors.is_protected then 'protected'
            when authors.is_withheld then 'withheld'
            when not authors.entry_threshold_passed then 'entry_threshold'
            when authors.is_official then 'official'
            when authors.is_brand then 'brand'
            when authors.is_org then 'organisation'
            when authors.is_risk_excluded then 'risk'
            when authors.is_banned then 'banned'
        end as rule,
        authors.followers_count,
        authors.verified,
        authors.brand_rules,
        authors.risk_rules
    from authors
    left join refused on authors.author_id = refused.author_id
    left join contested_handles on lower(authors.handle) = contested_handles.handle_key

),

explained as (

    select
        author_id,
        handle,
        rule,
        case rule
            when 'unpublishable_id' then 'not an id of at most 19 digits: ' || coalesce(author_id, 'none')
            when 'unpublishable_handle' then 'not 1 to 15 letters, digits or underscores: ' || coalesce(handle, 'none')
            when 'unpublishable_name' then 'no display name'
            when 'unpublishable_followers' then 'no follower count'
            when 'placeholder' then 'an id or handle that data sets use for invented accounts'
            when 'handle_reassigned' then 'another author was seen under this handle later'
            when 'suspended' then 'X says that the account is suspended'
            when 'not_found' then 'X does not find the account'
            when 'protected' then 'the account is protected'
            when 'withheld' then 'the account is withheld'
            when 'entry_threshold' then followers_count || ' followers, verified: ' || verified
            when 'banned' then 'banned by a curator'
            when 'organisation' then 'marked as an organisation by a curator'
            when 'official' then 'a government account, or marked as official by a curator'
            when 'brand' then brand_rules
            when 'risk' then risk_rules
        end as detail
    from judged
    where rule is not null

)

select * from explained
