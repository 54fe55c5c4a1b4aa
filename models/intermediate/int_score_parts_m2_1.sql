-- One row per score of m2.1 and part of it (author_id, observed_at, payload_hash, position), in raw points.
-- Signals stand at their own weight, the same for everybody; what they stand in for where others are missing is a part
-- of its own.
with

components as (

    select
        *,
        activity_weight * recency_weight * activity_when_fresh / 100 as recency_share,
        relevance_weight * (100 - coalesce(relevance_topics, neutral_topic)) / 100 as keywords_share
    from {{ ref('int_components_m2_1') }}

),

known as (

    select
        *,
        activity_weight * activity - coalesce(recency_share * activity_recency, 0) as activity_but_for_recency,
        case
            when activity_rate is not null
                then
                    activity_weight
                    * (rate_weight * activity_rate + coalesce(maturity_weight * activity_maturity, 0))
        end as rate_and_maturity
    from components

),

parts as (

    select
        author_id,
        'm2.1' as model_version,
        observed_at,
        payload_hash,
        {{ unnested_fields([
            score_part(
                1, 'activity', 'rate', 'posts_per_day', 'posts a day', 'activity_rate', 'activity_weight * rate_weight'
            ),
            score_part(
                2, 'activity', 'maturity', 'years', 'years',
                'activity_maturity', 'activity_weight * maturity_weight'
            ),
            score_part(
                3, 'activity', 'recency', 'days_since_post', 'days since the latest post',
                'activity_recency', 'recency_share'
            ),
            score_part(
                4, 'activity', 'missing_signals', raw_points='activity_but_for_recency - rate_and_maturity'
            ),
            score_part(
                5, 'activity', 'neutral_activity',
                raw_points='case when activity_rate is null then activity_but_for_recency end'
            ),
            score_part(
                6, 'quality', 'reach', 'followers', 'followers', 'quality_reach', 'quality_weight * reach_weight'
            ),
            score_part(
                7, 'quality', 'listed', 'lists', 'lists', 'quality_listed', 'quality_weight * listed_weight'
            ),
            score_part(
                8, 'quality', 'listed_ratio', 'lists_per_follower', 'lists a follower',
                'quality_listed_ratio', 'quality_weight * listed_ratio_weight'
            ),
            score_part(
                9, 'quality', 'balance', 'followers_per_following', 'followers for each followed',
                'quality_balance', 'quality_weight * balance_weight'
            ),
            score_part(
                10, 'quality', 'media', 'media_counted', 'photos and videos',
                'quality_media', 'quality_weight * media_weight'
            ),
            score_part(
                11, 'quality', 'verification', 'verification_points', 'points',
                'quality_verification', 'quality_weight * verification_weight'
            ),
            score_part(
                12, 'quality', 'missing_signals',
                raw_points='quality_weight * (quality_unrounded - quality_points'
                ~ ' - verification_weight * quality_verification)'
            ),
            score_part(
                13, 'relevance', 'topics', 'topic_points', 'points', 'relevance_topics', 'relevance_weight'
            ),
            score_part(
                14, 'relevance', 'neutral_topic',
                raw_points='case when relevance_topics is null then relevance_weight * neutral_topic end'
            ),
            score_part(
                15, 'relevance', 'keywords', 'keyword_points', 'points', 'relevance_keywords', 'keywords_share'
            ),
        ]) }}
    from known

)

select * from parts
