-- One row per publishable author and segment of the seed that holds the author (author_id, segment), at the latest
-- observation.
-- An author may be in several. What is not known puts nobody into a segment.
with

signals as (

    select
        author_id,
        verified,
        followers,
        lists_per_follower,
        posts_per_day,
        years,
        topic_points
    from {{ ref('int_signals_m2_1') }}
    where
        is_latest
        and landing_id in (
            select landing_id
            from {{ ref('int_author_verdicts') }}
            where rule is null
        )

),

segmented as (

    select
        author_id,
        'everybody' as segment
    from signals
    union all
    select
        author_id,
        'active_influencers' as segment
    from signals
    where
        followers >= 500000
        and posts_per_day >= 1
    union all
    -- worth 60 points or more: what the topic seed holds to be a specialty
    select
        author_id,
        'engaged_specialists' as segment
    from signals
    where
        topic_points >= 60
        and followers < 500000
        and lists_per_follower >= 0.005
    union all
    -- the topics of technology are the ones worth 70 and more
    select
        author_id,
        'verified_tech' as segment
    from signals
    where
        topic_points >= 70
        and verified in ('blue', 'org', 'legacy')
    union all
    select
        author_id,
        'new_active' as segment
    from signals
    where
        years < 3
        and posts_per_day >= 1

)

select * from segmented
