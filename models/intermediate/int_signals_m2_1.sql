-- One row per observation (landing_id): each signal of m2.1 as it was measured, and its points from 0 to 100. A signal
-- whose input is not known has none: it is never a 0.
with

observations as (

    select
        features.landing_id,
        features.author_id,
        features.handle,
        features.observed_at,
        features.payload_hash,
        features.as_of,
        features.is_latest,
        features.has_description,
        features.verified,
        cast(features.followers_count as double) as followers,
        -- posts, lists and following all at 0 in a data set record were filled in by somebody
        case when not features.is_placeholder then cast(features.tweet_count as double) end as posts,
        case when not features.is_placeholder then cast(features.media_count as double) end as media,
        case when not features.is_placeholder then cast(features.listed_count as double) end as lists,
        case when not features.is_placeholder then cast(features.following_count as double) end as following,
        case when not features.is_placeholder then features.posts_30d end as window_posts,
        features.window_days,
        features.age_days,
        features.latest_post_at,
        features.topic_points,
        features.keyword_points_m2_1 as keyword_points,
        points.points as verification_points
    from {{ ref('int_observation_features') }} as features
    left join {{ ref('verification_points') }} as points
        on
            features.verified = points.verified
            and points.model_version = 'm2.1'

),

measured as (

    -- greatest and least pass over a null: each unknown has to be kept one by hand
    select
        observations.*,
        scales.*,
        case
            when window_posts is not null then window_posts / window_days
            -- an account of three days must not be taken to go on like that for ever
            when age_days is not null then posts / greatest(age_days, shortest_lifetime_days)
        end as posts_per_day,
        cast(age_days as double) / 365.25 as years,
        case
            when latest_post_at is not null
                then greatest(0, {{ microseconds('latest_post_at', 'as_of') }}) / 86400000000
        end as days_since_post,
        case
            when followers is not null
                then (1 + lists) / least(greatest(followers, reach_zero_at), reach_full_at)
        end as lists_per_follower,
        case
            when followers is not null and following is not null
                then greatest(1, followers) / greatest(1, following)
        end as followers_per_following,
        -- thousands of posts and not one photo: more likely that nobody counted
        case
            when media > 0 or coalesce(posts, 0) < posts_without_media then media
        end as media_counted
    from observations
    cross join {{ ref('int_scales_m2_1') }} as scales

),

signals as (

    select
        *,
        case
            when posts_per_day is not null
                then {{ clamp('100 * ln(1 + posts_per_day) / ln(1 + rate_full_at)') }}
        end as activity_rate,
        case
            when posts_per_day is not null and years is not null
                then {{ clamp('100 * years / maturity_full_at') }}
        end as activity_maturity,
        -- the scale runs down: no points from 365 days on, all up to 7
        case
            when days_since_post is not null
                then {{ log_points('greatest(days_since_post, recency_full_at)', 'recency') }}
        end as activity_recency,
        case
            when followers is not null
                then {{ log_points('greatest(followers, 1)', 'reach') }}
        end as quality_reach,
        case
            when lists is not null
                then {{ log_points('(1 + lists)', 'listed') }}
        end as quality_listed,
        case
            when lists_per_follower is not null
                then {{ log_points('lists_per_follower', 'listed_ratio') }}
        end as quality_listed_ratio,
        case
            when followers_per_following is not null
                then {{ log_points('followers_per_following', 'balance') }}
        end as quality_balance,
        case
            when media_counted is not null
                then {{ log_points('(1 + media_counted)', 'media') }}
        end as quality_media,
        coalesce(verification_points, 0) as quality_verification,
        topic_points as relevance_topics,
        least(keyword_points, keywords_full_at) as relevance_keywords
    from measured

)

select * from signals
