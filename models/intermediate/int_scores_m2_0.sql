{{ config(pre_hook="{{ forget(is_due_observation()) }}") }}
-- One row per observation (landing_id), scored by m2.0: the published M2 formula, its quirks included.
with

observations as (

    -- The formula has no notion of missing: what is absent counts as 0 inside it.
    select
        features.*,
        cast(coalesce(features.followers_count, 0) as double) as followers,
        cast(coalesce(features.tweet_count, 0) as double) as tweets,
        cast(coalesce(features.like_count, 0) as double) as likes,
        cast(coalesce(features.media_count, 0) as double) as media,
        cast(coalesce(features.listed_count, 0) as double) as lists,
        cast(coalesce(features.age_days, 0) as double) as days,
        coalesce(points.points, 0) as verification_points
    from {{ ref('int_observation_features') }} as features
    left join {{ ref('verification_points') }} as points
        on
            features.verified = points.verified
            and points.model_version = 'm2.0'
    where {{ is_due('features.author_id') }}

),

activity_parts as (

    select
        *,
        least(100, 5 * case when days > 0 then tweets / days else 0 end + 25) as frequency,
        least(15, 0.01 * likes / greatest(1, tweets))
        + least(10, 2 * media / greatest(1, tweets))
        + case when has_pinned_post then 10 else 0 end as engagement,
        least(15, lists / 100) + least(10, 2 * (days / 365.25)) as authority
    from observations

),

activity as (

    -- An author without any activity metric is neutral, not idle: there is nothing to take apart.
    select
        *,
        case when has_activity_metrics then frequency end as activity_frequency,
        case when has_activity_metrics then engagement end as activity_engagement,
        case when has_activity_metrics then authority end as activity_authority,
        case
            when has_activity_metrics
                then {{ clamp('0.40 * frequency + 0.35 * engagement + 0.25 * authority') }}
            else 30.0
        end as activity
    from activity_parts

),

quality_parts as (

    select
        *,
        20 * log10(greatest(1, followers / 1000)) as quality_follower,
        -- likes are those that the user gave: the published formula pays for liking
        case
            when tweets > 0 then least(20, 0.02 * likes / tweets) + least(10, 5 * media / tweets)
            else 0
        end as quality_engagement,
        least(20, lists / 1000) + verification_points as quality_authority
    from activity

),

quality as (

    select
        *,
        {{ round_half_even(clamp('0.4 * quality_follower + quality_engagement + quality_authority')) }} as quality
    from quality_parts

),

relevance_parts as (

    select
        *,
        tag_points_m2_0 as relevance_tags,
        least(30, keyword_points_m2_0) as relevance_keywords,
        case
            when verified in ('blue', 'org', 'legacy') and keyword_points_m2_0 > 0 then 10
            else 0
        end as relevance_bonus
    from quality

),

relevance as (

    select
        *,
        {{ round_half_even('least(100, relevance_tags + relevance_keywords + relevance_bonus)') }} as relevance
    from relevance_parts

),

weights as (

    select {{ side_by_side('component', ['activity', 'quality', 'relevance'], {'weight': '_weight'}) }}
    from {{ ref('score_weights') }}
    where model_version = 'm2.0'

),

weighted as (

    select
        relevance.*,
        activity_weight * activity + quality_weight * quality + relevance_weight * relevance as raw_score,
        -- the share of the formula's six counts that were there to be counted
        (
            cast(followers_count is not null as integer)
            + cast(tweet_count is not null as integer)
            + cast(like_count is not null as integer)
            + cast(media_count is not null as integer)
            + cast(listed_count is not null as integer)
            + cast(account_created_at is not null as integer)
        ) / 6 as completeness
    from relevance
    cross join weights

),

scored as (

    select
        landing_id,
        activity,
        quality,
        relevance,
        completeness,
        raw_score,
        {{ round_half_even(clamp('raw_score')) }} as score,
        activity_frequency,
        activity_engagement,
        activity_authority,
        quality_follower,
        quality_engagement,
        quality_authority,
        relevance_tags,
        relevance_keywords,
        cast(relevance_bonus as double) as relevance_bonus
    from weighted

)

select * from scored
