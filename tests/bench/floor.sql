-- The floor: one DuckDB pass that reads the users, scores every one by m2.1, its seeds written out, and writes the
-- records of those who pass the entry threshold, in rank order. No landing, no history, no rules, no tests, no
-- validation. `make bench` holds its records against those that are exported.
copy (
    with

    users as (
        select
            *,
            cast(public_metrics.followers_count as double) as followers,
            cast(public_metrics.tweet_count as double) as posts,
            cast(public_metrics.listed_count as double) as lists,
            cast(public_metrics.following_count as double) as following,
            cast(public_metrics.media_count as double) as media,
            cast(created_at as timestamp) as born_at,
            timestamp '{seen}' as seen_at,
            case
                when verified_type in ('business', 'government') then 'org'
                when verified_type = 'blue' then 'blue'
                when verified then 'legacy'
                else 'none'
            end as kind,
            greatest(
                epoch_ms((cast(most_recent_tweet_id as bigint) >> 22) + 1288834974657),
                epoch_ms((cast(pinned_tweet_id as bigint) >> 22) + 1288834974657)
            ) as last_post_at,
            epoch_ms((cast(most_recent_tweet_id as bigint) >> 22) + 1288834974657) as last_active_at,
            -- only the stretches where words begin as keywords do: this is what it costs, not what it may cost
            array_to_string(list_transform(
                regexp_extract_all(
                    lower(concat_ws(chr(0), username, name, description)),
                    '(?:^|[^\p{L}\p{N}])(?:'
                    || 'ai|algorithm|algorithms|artificial|bitcoin|ceo|climate|computer|crypto|cryptography|cto|'
                    || 'cybersecurity|data|deep|developer|engineer|engineering|fintech|founder|gpu|health|'
                    || 'infosec|innovation|intelligence|investor|learning|llm|llms|machine|ml|networks|neural|'
                    || 'nlp|open|professor|programming|research|researcher|robotics|science|scientist|security|'
                    || 'software|source|startup|startups|tech|technology|vc|vision'
                    || ')[\p{L}\p{N}]*(?:[^\p{L}\p{N}\x00]+(?:'
                    || 'ai|algorithm|algorithms|artificial|bitcoin|ceo|climate|computer|crypto|cryptography|cto|'
                    || 'cybersecurity|data|deep|developer|engineer|engineering|fintech|founder|gpu|health|'
                    || 'infosec|innovation|intelligence|investor|learning|llm|llms|machine|ml|networks|neural|'
                    || 'nlp|open|professor|programming|research|researcher|robotics|science|scientist|security|'
                    || 'software|source|startup|startups|tech|technology|vc|vision'
                    || ')[\p{L}\p{N}]*)*'
                ),
                lambda stretch: ' ' || trim(regexp_replace(stretch, '[^\p{L}\p{N}]+', ' ', 'g')) || ' '
            ), chr(0)) as words
        from read_json('{users}', format = 'newline_delimited', columns = {
            id: 'varchar', username: 'varchar', name: 'varchar', description: 'varchar', created_at: 'varchar',
            verified: 'boolean', verified_type: 'varchar', pinned_tweet_id: 'varchar', most_recent_tweet_id: 'varchar',
            public_metrics: 'struct(followers_count bigint, following_count bigint, tweet_count bigint,
                listed_count bigint, like_count bigint, media_count bigint)'
        })
    ),

    measured as (
        select
            *,
            greatest(0, date_sub('day', born_at, seen_at)) as age_days,
            case
                when most_recent_tweet_id is not null
                    then greatest(0, date_diff('microsecond', last_post_at, seen_at)) / 86400000000
            end as days_since_post,
            if(words = '', 0, least(60, list_sum(list_transform(
                [
                    {'word': ' artificial intelligence ', 'points': 20},
                    {'word': ' machine learning ', 'points': 20}, {'word': ' deep learning ', 'points': 20},
                    {'word': ' llm ', 'points': 20}, {'word': ' llms ', 'points': 20},
                    {'word': ' ai ', 'points': 20}, {'word': ' ml ', 'points': 15},
                    {'word': ' nlp ', 'points': 15}, {'word': ' robotics ', 'points': 15},
                    {'word': ' computer vision ', 'points': 15}, {'word': ' data science ', 'points': 15},
                    {'word': ' neural networks ', 'points': 15}, {'word': ' gpu ', 'points': 15},
                    {'word': ' cybersecurity ', 'points': 15}, {'word': ' infosec ', 'points': 15},
                    {'word': ' cryptography ', 'points': 15}, {'word': ' research ', 'points': 10},
                    {'word': ' researcher ', 'points': 10}, {'word': ' engineer ', 'points': 10},
                    {'word': ' engineering ', 'points': 10}, {'word': ' scientist ', 'points': 10},
                    {'word': ' developer ', 'points': 10}, {'word': ' software ', 'points': 10},
                    {'word': ' algorithm ', 'points': 10}, {'word': ' algorithms ', 'points': 10},
                    {'word': ' open source ', 'points': 10}, {'word': ' security ', 'points': 10},
                    {'word': ' startup ', 'points': 10}, {'word': ' startups ', 'points': 10},
                    {'word': ' data ', 'points': 10}, {'word': ' professor ', 'points': 10},
                    {'word': ' programming ', 'points': 10}, {'word': ' tech ', 'points': 5},
                    {'word': ' technology ', 'points': 5}, {'word': ' innovation ', 'points': 5},
                    {'word': ' founder ', 'points': 5}, {'word': ' cto ', 'points': 5},
                    {'word': ' ceo ', 'points': 5}, {'word': ' investor ', 'points': 5},
                    {'word': ' vc ', 'points': 5}, {'word': ' fintech ', 'points': 5},
                    {'word': ' bitcoin ', 'points': 5}, {'word': ' crypto ', 'points': 5},
                    {'word': ' climate ', 'points': 5}, {'word': ' health ', 'points': 5}
                ],
                lambda keyword: if(contains(words, keyword.word), keyword.points, 0)
            )))) as keyword_points
        from users
    ),

    signals as (
        select
            *,
            greatest(0, least(100, 100 * ln(1 + posts / greatest(age_days, 30)) / ln(101))) as rate,
            greatest(0, least(100, 100 * (age_days / 365.25) / 20)) as maturity,
            greatest(0, least(100, 100 * ln(greatest(days_since_post, 7) / 365) / ln(7 / 365))) as recency,
            greatest(0, least(100, 100 * ln(greatest(followers, 1) / 1000) / ln(100000))) as reach,
            greatest(0, least(100, 100 * ln((1 + lists) / 100) / ln(3000))) as listed,
            greatest(0, least(100,
                100 * ln((1 + lists) / least(greatest(followers, 1000), 100000000) / 0.001) / ln(300)
            )) as listed_ratio,
            greatest(0, least(100, 100 * ln(greatest(1, followers) / greatest(1, following)) / ln(100000))) as balance,
            case
                when media > 0 or posts < 1000
                    then greatest(0, least(100, 100 * ln((1 + media) / 10) / ln(10000)))
            end as media_points,
            case kind when 'blue' then 100 when 'org' then 100 when 'legacy' then 50 else 0 end as verification
        from measured
    ),

    components as (
        select
            *,
            (0.51 * rate + 0.09 * maturity) / (0.51 + 0.09)
            * if(most_recent_tweet_id is null, 1, 1 - 0.40 * (1 - recency / 100)) as activity,
            round_even(cast(
                0.9 * (0.45 * reach + 0.25 * listed + 0.05 * listed_ratio + 0.10 * balance + 0.05 * coalesce(media_points, 0))
                / if(media_points is null, 0.85, 0.90) + 0.10 * verification
            as decimal(18, 9)) * 10, 0) / 10 as quality,
            round_even(cast(100 - (100 - 45) * (100 - keyword_points) / 100 as decimal(18, 9)) * 10, 0) / 10 as relevance
        from signals
    ),

    weighted as (
        select
            *,
            0.30 * activity + 0.50 * quality + 0.20 * relevance as raw_score
        from components
    ),

    scored as (
        select
            *,
            round_even(cast(greatest(0, least(100, list_sum(list_transform(
                [
                    {'starts_at': 0, 'width': 35.1 - 0, 'slope': (24 - 0) / (35.1 - 0)},
                    {'starts_at': 35.1, 'width': 40.7 - 35.1, 'slope': (30 - 24) / (40.7 - 35.1)},
                    {'starts_at': 40.7, 'width': 45.11 - 40.7, 'slope': (38 - 30) / (45.11 - 40.7)},
                    {'starts_at': 45.11, 'width': 50 - 45.11, 'slope': (56 - 38) / (50 - 45.11)},
                    {'starts_at': 50, 'width': 54.89 - 50, 'slope': (76 - 56) / (54.89 - 50)},
                    {'starts_at': 54.89, 'width': 57.52 - 54.89, 'slope': (84 - 76) / (57.52 - 54.89)},
                    {'starts_at': 57.52, 'width': 64.9 - 57.52, 'slope': (94 - 84) / (64.9 - 57.52)},
                    {'starts_at': 64.9, 'width': 100 - 64.9, 'slope': (100 - 94) / (100 - 64.9)}
                ],
                lambda piece: piece.slope * greatest(0, least(raw_score - piece.starts_at, piece.width))
            )))) as decimal(18, 9)) * 10, 0) / 10 as score
        from weighted
    ),

    published as (
        -- Who passes does not follow from the score, and DuckDB would score nobody else: so the score is asked first.
        select
            *,
            sha256(
                '{"followers_count":' || public_metrics.followers_count || ',"id":"' || id || '","username":"' || username
                || '","verified":"' || kind || '"}'
            ) as provenance_hash,
            row_number() over (order by score desc, followers desc, lower(username)) as rank_global,
            {
                'tweet_count': public_metrics.tweet_count,
                'total_like_count': public_metrics.like_count,
                'media_count': public_metrics.media_count,
                'listed_count': public_metrics.listed_count,
                'following_count': public_metrics.following_count,
                'account_created_at': strftime(born_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
                'pinned_tweet_id': pinned_tweet_id,
                'most_recent_tweet_id': most_recent_tweet_id,
                'last_captured_at': strftime(seen_at, '%Y-%m-%dT%H:%M:%S.%fZ')
            } as activity_metrics
        from scored
        where if(score < 0, true, followers >= 50000 or (kind <> 'none' and followers >= 30000))
    )

    select
        json_merge_patch('{}', to_json({
            'id': id,
            'handle': username,
            'name': name,
            'verified': kind,
            'followers_count': public_metrics.followers_count,
            'is_org': false,
            'is_official': false,
            'lang_primary': 'en',
            'topic_tags': cast([] as varchar[]),
            'meta': {
                'score': score,
                'last_refresh_at': strftime(seen_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
                'sources': [{
                    'method': 'x_api_v2',
                    'fetched_at': strftime(seen_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
                    'evidence': '{users}'
                }],
                'provenance_hash': provenance_hash,
                'entry_threshold_passed': true,
                'quality_score': quality,
                'rank_global': rank_global,
                'last_active_at': strftime(last_active_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
                'activity_score': round(activity, 9),
                'relevance_score': relevance,
                'completeness': round(
                    0.30 * if(most_recent_tweet_id is null, 0.60, 1) + 0.50 * if(media_points is null, 0.95, 1)
                    + 0.20 * if(trim(description) <> '', 0.30, 0), 9
                ),
                'score_version': 'm2.1',
                'activity_metrics': activity_metrics
            },
            'ext': {'activity_metrics': activity_metrics},
            'provenance_hash': provenance_hash,
            'entry_threshold_passed': true,
            'risk_flags': cast([] as varchar[]),
            'banned': false,
            'description': description
        })) as record
    from published
    order by rank_global
) to '{out}' (format csv, header false, delimiter '\x01', quote '', escape '')
