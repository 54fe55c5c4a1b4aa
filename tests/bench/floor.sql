-- The floor: one DuckDB pass that reads the users, scores every one by m2.0, and writes who passes the entry
-- threshold. No landing, no history, no rules, no tests, no validation.
copy (
    with

    users as (
        select
            id,
            username,
            name,
            description,
            if(verified_type = 'blue', 15, if(verified_type in ('business', 'government'), 10, 0)) as points,
            verified_type in ('blue', 'business', 'government') as is_verified,
            cast(public_metrics.followers_count as double) as f,
            cast(public_metrics.tweet_count as double) as t,
            cast(public_metrics.like_count as double) as l,
            cast(public_metrics.media_count as double) as m,
            cast(public_metrics.listed_count as double) as s,
            greatest(0, date_sub('day', cast(created_at as timestamp), timestamp '2025-11-28 06:00:00')) as d,
            pinned_tweet_id is not null as has_pinned,
            len(list_filter(
                [
                    'ai', 'ml', 'data', 'tech', 'research', 'engineer', 'scientist', 'developer', 'algorithm',
                    'startup', 'innovation', 'software', 'machine learning', 'artificial intelligence', 'deep learning'
                ],
                lambda k: contains(lower(concat_ws(chr(10), username, name, description)), k)
            )) as keywords
        from read_json($users, format = 'newline_delimited', columns = {
            id: 'varchar', username: 'varchar', name: 'varchar', description: 'varchar', created_at: 'varchar',
            verified_type: 'varchar', pinned_tweet_id: 'varchar',
            public_metrics: 'struct(followers_count bigint, tweet_count bigint, listed_count bigint,
                like_count bigint, media_count bigint)'
        })
    ),

    components as (
        select
            *,
            0.40 * least(100, 5 * if(d > 0, t / d, 0) + 25)
            + 0.35 * (least(15, 0.01 * l / greatest(1, t)) + least(10, 2 * m / greatest(1, t)) + if(has_pinned, 10, 0))
            + 0.25 * (least(15, s / 100) + least(10, 2 * (d / 365.25))) as activity,
            0.4 * 20 * log10(greatest(1, f / 1000))
            + if(t > 0, least(20, 0.02 * l / t) + least(10, 5 * m / t), 0)
            + least(20, s / 1000) + points as quality,
            least(30, 3 * keywords) + if(is_verified and keywords > 0, 10, 0) as relevance
        from users
    )

    select
        id,
        username as handle,
        name,
        description,
        cast(f as bigint) as followers_count,
        round(0.30 * activity + 0.50 * round(quality, 1) + 0.20 * relevance, 1) as score,
        activity,
        quality,
        relevance
    from components
    where f >= 50000 or (is_verified and f >= 30000)
) to '{out}' (format json)
