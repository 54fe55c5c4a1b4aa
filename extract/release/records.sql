-- The published records of one model version, a JSON text each, in rank order: of all authors, or of those named.
-- The keys stand in the order in which they are published; a merge patch with nothing takes out what is not known.
with

records as (

    select
        *,
        case
            -- no score counts the last two as activity metrics, and yet m2.1 is made from them
            when has_activity_metrics or most_recent_tweet_id is not null or posts_30d is not null
                then {
                    'tweet_count': tweet_count,
                    'total_like_count': like_count,
                    'media_count': media_count,
                    'listed_count': listed_count,
                    'following_count': following_count,
                    'account_created_at': strftime(account_created_at, $stamp),
                    'pinned_tweet_id': pinned_tweet_id,
                    'most_recent_tweet_id': most_recent_tweet_id,
                    'posts_30d': posts_30d,
                    'window_days': window_days,
                    'last_captured_at': strftime(last_refresh_at, $stamp)
                }
        end as activity_metrics
    from marts.release_records
    where
        model_version = $model_version
        and ($author_ids is null or author_id in (select unnest(cast($author_ids as varchar[]))))

)

select
    json_merge_patch('{}', to_json({
        'id': author_id,
        'handle': handle,
        'name': name,
        'verified': verified,
        'followers_count': followers_count,
        'is_org': is_org,
        'is_official': is_official,
        'lang_primary': lang_primary,
        'topic_tags': topic_tags,
        'meta': {
            'score': score,
            'last_refresh_at': strftime(last_refresh_at, $stamp),
            'sources': sources,
            'provenance_hash': provenance_hash,
            'entry_threshold_passed': entry_threshold_passed,
            'quality_score': quality_score,
            'rank_global': rank_global,
            'last_active_at': strftime(last_active_at, $stamp),
            'activity_score': round(activity_score, 9),
            'relevance_score': relevance_score,
            'completeness': round(completeness, 9),
            'score_version': model_version,
            'activity_metrics': activity_metrics
        },
        'ext': {
            'activity_metrics': activity_metrics,
            -- whoever reads these zeros elsewhere would take them for filled in
            'zeros_are_counted': case
                when tweet_count = 0 and listed_count = 0 and following_count = 0 and not is_placeholder then true
            end
        },
        'provenance_hash': provenance_hash,
        'entry_threshold_passed': entry_threshold_passed,
        'risk_flags': risk_flags,
        'banned': is_banned,
        'description': description
    })) as record
from records
order by rank_global
