{{ config(pre_hook="{{ forget(is_due()) }}") }}
-- One row per author and finding (author_id, finding): what was repaired, defaulted or is hard to believe.
-- Nothing here stops a release; nothing of it happens in silence either.
with

authors as (

    select *
    from {{ ref('int_authors_latest') }}
    where {{ is_due() }}

),

findings as (

    select
        author_id,
        handle,
        'created_after_as_of' as finding,
        'created ' || account_created_at || ', seen ' || as_of as detail
    from authors
    where is_created_after_as_of
    union all
    select
        author_id,
        handle,
        'repaired_stamp' as finding,
        repaired_stamps || ' with a doubled zone' as detail
    from authors
    where repaired_stamps > 0
    union all
    select
        author_id,
        handle,
        'unknown_zeros' as finding,
        unknown_zeros || ' counts of 0 from twscrape taken as unknown' as detail
    from authors
    where unknown_zeros > 0
    union all
    select
        author_id,
        handle,
        'unknown_verified' as finding,
        'taken as none: ' || unknown_verified as detail
    from authors
    where unknown_verified is not null
    union all
    select
        author_id,
        handle,
        'placeholder_metrics' as finding,
        'posts, lists and following are all 0' as detail
    from authors
    where is_placeholder
    union all
    select
        author_id,
        handle,
        'no_activity_metrics' as finding,
        'activity is the neutral 30.0' as detail
    from authors
    where not has_activity_metrics
    union all
    select
        author_id,
        handle,
        'fewer_posts' as finding,
        -posts_counted || ' fewer than ' || window_days || ' days before, taken as none written' as detail
    from authors
    where posts_counted < 0
    union all
    select
        author_id,
        handle,
        'post_after_as_of' as finding,
        'latest post of ' || most_recent_post_at || ', seen ' || as_of as detail
    from authors
    where most_recent_post_at > as_of
    union all
    select
        author_id,
        handle,
        'default_language' as finding,
        'nobody curated one: {{ var("default_lang") }}' as detail
    from authors
    where
        lang_primary is null
        and entry_threshold_passed

)

select * from findings
