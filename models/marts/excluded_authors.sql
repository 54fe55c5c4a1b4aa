-- One row per author that is left out of the release (author_id): the first rule that says so, and why.
with

judged as (

    select
        verdicts.author_id,
        verdicts.rule,
        authors.handle,
        authors.followers_count,
        authors.verified,
        flags.brand_rules,
        flags.risk_rules
    from {{ ref('int_author_verdicts') }} as verdicts
    inner join {{ ref('int_authors_latest') }} as authors on verdicts.author_id = authors.author_id
    left join {{ ref('int_author_flags') }} as flags on verdicts.author_id = flags.author_id
    where verdicts.rule is not null

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

)

select * from explained
