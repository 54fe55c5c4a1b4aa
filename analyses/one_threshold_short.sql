-- Who is one threshold short: who would be published but for the followers they lack?
-- The next to come in by themselves, or by a verification: the cheapest authors to add to a watchlist.
with

left_out as (

    -- brand and risk rules are held against those over the threshold alone: what they would say is not known yet
    select
        authors.handle,
        authors.verified,
        authors.followers_count,
        if(authors.verified in ('blue', 'org', 'legacy'), 30000, 50000) as followers_needed,
        authors.topic_tags
    from {{ ref('excluded_authors') }} as excluded
    inner join {{ ref('authors') }} as authors on excluded.author_id = authors.author_id
    where
        excluded.rule = 'entry_threshold'
        and not authors.is_official
        and not authors.is_org
        and not authors.is_banned

),

short as (

    select
        *,
        followers_needed - followers_count as followers_short,
        followers_count >= 30000 as would_enter_if_verified
    from left_out

)

select * from short
where
    followers_count >= 0.9 * followers_needed
    or would_enter_if_verified
order by followers_short, handle
