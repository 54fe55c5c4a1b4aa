{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per author (author_id): the first rule that keeps the author out of the release, null for the publishable.
with

authors as (

    select *
    from {{ ref('int_authors_latest') }}
    where {{ is_due() }}

),

flags as (

    select * from {{ ref('int_author_flags') }}

),

refused as (

    select
        author_id,
        refusal
    from {{ ref('author_freshness') }}
    where
        refusal is not null
        and {{ is_due() }}

),

handles as (

    select
        author_id,
        lower(handle) as handle_key,
        observed_at
    from {{ ref('int_authors_latest') }}
    {%- if adds_to_last_build() %}
    where lower(handle) in (select lower(handle) from authors)
    {%- endif %}

),

shared_handles as (

    select handle_key
    from handles
    group by handle_key
    having count(*) > 1

),

contested_handles as (

    -- X hands a handle on: it belongs to the author last seen under it
    select
        handle_key,
        max_by(author_id, (observed_at, author_id)) as owner_id
    from handles
    where handle_key in (select handle_key from shared_handles)
    group by handle_key

),

judged as (

    select
        authors.author_id,
        authors.landing_id,
        case
            when not coalesce({{ matches('authors.author_id', '^[0-9]{1,19}$') }}, false) then 'unpublishable_id'
            when not coalesce({{ matches('authors.handle', '^[A-Za-z0-9_]{1,15}$') }}, false)
                then 'unpublishable_handle'
            when not authors.has_name then 'unpublishable_name'
            when coalesce(authors.followers_count, -1) < 0 then 'unpublishable_followers'
            when
                authors.author_id like '1234567890000000%'
                or {{ matches('authors.handle', '^(?i:test|mock|fixture|sample|tmp)_') }}
                then 'placeholder'
            when authors.author_id <> contested_handles.owner_id then 'handle_reassigned'
            when refused.refusal is not null then refused.refusal
            when authors.is_protected_now then 'protected'
            when authors.is_withheld_now then 'withheld'
            when not authors.entry_threshold_passed then 'entry_threshold'
            when authors.is_official then 'official'
            when flags.is_brand then 'brand'
            when authors.is_org_curated then 'organisation'
            when flags.is_risk_excluded then 'risk'
            when authors.is_banned_curated or flags.is_banned_by_rule then 'banned'
        end as rule
    from authors
    left join flags on authors.author_id = flags.author_id
    left join refused on authors.author_id = refused.author_id
    left join contested_handles on lower(authors.handle) = contested_handles.handle_key

)

select * from judged
