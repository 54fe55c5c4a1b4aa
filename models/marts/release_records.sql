-- One row per publishable author and model version (author_id, model_version): the published fields and the rank.
with

authors as (

    select * from {{ ref('authors') }}

),

scores as (

    select * from {{ ref('int_release_ranks') }}

),

published as (

    select
        -- ids
        authors.author_id,
        scores.model_version,

        -- strings
        authors.handle,
        {{ without_nul('authors.name') }} as name,
        {{ without_nul('authors.description') }} as description,
        authors.verified,
        coalesce(authors.lang_primary, '{{ var("default_lang") }}') as lang_primary,
        {{ array_map('authors.topic_tags', 'tag', without_nul('tag')) }} as topic_tags,
        authors.risk_flags,
        authors.sources,
        {{ id_of('authors.pinned_tweet_id') }} as pinned_tweet_id,
        {{ id_of('authors.most_recent_tweet_id') }} as most_recent_tweet_id,
        -- the compact, key-sorted JSON of what identifies the record; nothing in it can need escaping
        {{ sha256_of(
            "'{\"followers_count\":' || authors.followers_count"
            ~ " || ',\"id\":\"' || authors.author_id"
            ~ " || '\",\"username\":\"' || authors.handle"
            ~ " || '\",\"verified\":\"' || authors.verified || '\"}'"
        ) }} as provenance_hash,

        -- numerics
        scores.score,
        -- m0 is all quality
        coalesce(scores.quality, scores.score) as quality_score,
        scores.activity as activity_score,
        scores.relevance as relevance_score,
        scores.completeness,
        scores.rank_global,
        authors.followers_count,
        authors.following_count,
        authors.tweet_count,
        authors.like_count,
        authors.media_count,
        authors.listed_count,
        authors.posts_30d,
        authors.window_days,

        -- booleans
        authors.has_activity_metrics,
        authors.is_placeholder,
        authors.is_org,
        authors.is_official,
        authors.is_banned,
        authors.entry_threshold_passed,

        -- timestamps
        authors.account_created_at,
        authors.as_of,
        authors.observed_at as last_refresh_at,
        {{ post_time('authors.most_recent_tweet_id') }} as last_active_at
    from scores
    inner join authors on scores.author_id = authors.author_id

)

select * from published
