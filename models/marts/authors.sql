-- One row per author (author_id), as last observed, last curated and judged by the rules. It knows no score.
with

authors as (

    select * from {{ ref('int_author_profiles') }}

),

flags as (

    select * from {{ ref('int_author_flags') }}

),

described as (

    select
        -- ids
        authors.author_id,

        -- strings
        authors.handle,
        authors.name,
        authors.description,
        authors.verified,
        authors.links,
        authors.lang_primary,
        authors.topic_tags,
        authors.pinned_tweet_id,
        authors.most_recent_tweet_id,
        flags.brand_rules,
        coalesce(flags.risk_flags, {{ array_of([]) }}) as risk_flags,
        flags.risk_rules,
        authors.sources,

        -- numerics
        authors.followers_count,
        authors.following_count,
        authors.tweet_count,
        authors.like_count,
        authors.media_count,
        authors.listed_count,
        authors.posts_30d,
        authors.window_days,
        coalesce(flags.brand_confidence, 0) as brand_confidence,
        authors.run_id,

        -- booleans
        authors.has_activity_metrics,
        authors.is_placeholder,
        authors.is_protected_now as is_protected,
        authors.is_withheld_now as is_withheld,
        authors.is_org_curated or coalesce(flags.is_brand, false) as is_org,
        authors.is_official,
        coalesce(flags.is_brand, false) as is_brand,
        coalesce(flags.is_risk_excluded, false) as is_risk_excluded,
        authors.is_banned_curated or coalesce(flags.is_banned_by_rule, false) as is_banned,
        authors.entry_threshold_passed,

        -- timestamps
        authors.account_created_at,
        authors.observed_at,
        authors.as_of
    from authors
    left join flags on authors.author_id = flags.author_id

)

select * from described
