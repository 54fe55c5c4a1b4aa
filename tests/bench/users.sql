-- Synthetic v2 users of about 700 bytes, of whom about one in twenty passes the entry threshold; every value follows
-- from i. {from} to {to} are made, {grown} is 0, or what each count has grown by since.
copy (
    select
        cast(1000000000 + i * 7919 as varchar) as id,
        'sim_' || i as username,
        'Synthetic ' || i as name,
        strftime(
            timestamp '2009-01-01' + to_seconds(cast(hash(i) % 400000000 as bigint)), '%Y-%m-%dT%H:%M:%S.000Z'
        ) as created_at,
        'Synthetic user: '
        || ['writes about data', 'builds software', 'said it in Spain', 'likes the sea']
            [cast(1 + hash(i, 1) % 4 as bigint)]
        || '. ' || repeat('Lorem ipsum dolor sit amet. ', 5) as description,
        'Nowhere' as location,
        'https://example.invalid/' || i as url,
        'https://example.invalid/pictures/' || hash(i) || '.jpg' as profile_image_url,
        false as protected,
        hash(i, 2) % 9 = 0 as verified,
        if(hash(i, 2) % 9 = 0, 'blue', 'none') as verified_type,
        if(hash(i, 3) % 3 = 0, cast(1500000000000000000 + i as varchar), null) as pinned_tweet_id,
        -- a post of the last hundred days
        if(hash(i, 11) % 2 = 0, cast(1994000000000000000 - hash(i, 12) % 36000000000000000 as varchar), null)
            as most_recent_tweet_id,
        {
            'followers_count': cast(exp(6.0 + 4.9 * ((hash(i, 4) % 1000000) / 1000000.0)
                + if(hash(i, 5) % 24 = 0, 2.5, 0.0)) as bigint) + {grown},
            'following_count': hash(i, 6) % 5000 + {grown},
            'tweet_count': hash(i, 7) % 60000 + {grown},
            'listed_count': hash(i, 8) % 3000 + {grown},
            'like_count': hash(i, 9) % 90000 + {grown},
            'media_count': hash(i, 10) % 9000 + {grown}
        } as public_metrics
    from range({from}, {to}) as users (i)
) to '{path}' (format json)
