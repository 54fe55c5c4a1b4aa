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

judged as (

    select
        author_id,
        handle,
        case
            when not coalesce(regexp_matches(author_id, '^[0-9]{1,19}$'), false) then 'unpublishable_id'
            when not coalesce(regexp_matches(handle, '^[A-Za-z0-9_]{1,15}$'), false) then 'unpublishable_handle'
            when coalesce({{ without_nul('name') }}, '') = '' then 'unpublishable_name'
            when coalesce(followers_count, -1) < 0 then 'unpublishable_followers'
            when
                starts_with(author_id, '1234567890000000')
                or regexp_matches(lower(handle), '^(test|mock|fixture|sample|tmp)_')
                then 'placeholder'
            when author_id <> owner_id then 'handle_reassigned'
            when is_protected then 'protected'
            when is_withheld then 'withheld'
            when not entry_threshold_passed then 'entry_threshold'
            when is_official then 'official'
            when is_brand then 'brand'
            when is_org then 'organisation'
            when is_risk_excluded then 'risk'
            when is_banned then 'banned'
        end as rule,
        followers_count,
        verified,
        brand_rules,
        risk_rules
    from authors
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
