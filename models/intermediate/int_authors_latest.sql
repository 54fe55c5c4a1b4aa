-- One row per author (author_id): the latest observation with the latest curated facts.
with

observations as (

    select
        *,
        {
            'method': source_method,
            'fetched_at': {{ rfc3339('observed_at') }},
            'evidence': source_evidence
        } as observed_in
    from {{ ref('int_observations') }}
    where is_latest

),

last_seen as (

    -- a protected account answers without metrics: its numbers are older than the news that it is protected
    select
        author_id,
        is_protected,
        is_withheld
    from {{ ref('int_observations') }}
    where
        is_last_seen
        and not is_latest

),

curation as (

    select * from {{ ref('int_curation_latest') }}

),

sources as (

    select * from {{ ref('int_author_sources') }}

),

thresholds as (

    select
        max(value) filter (where threshold = 'entry_followers') as entry_followers,
        max(value) filter (where threshold = 'entry_followers_verified') as entry_followers_verified
    from {{ ref('thresholds') }}

),

curated as (

    select
        observations.* exclude (posts_30d, window_days),
        windows.posts_counted,
        windows.posts_30d,
        windows.window_days,
        coalesce(last_seen.is_protected, observations.is_protected) as is_protected_now,
        coalesce(last_seen.is_withheld, observations.is_withheld) as is_withheld_now,
        coalesce(curation.topic_tags, []) as topic_tags,
        curation.lang_primary,
        -- Where the numbers were seen stands behind where curators found the author; a data set record
        -- that names its sources needs no other.
        case
            when sources.sources is null then [observed_in]
            when
                observations.source_method = 'dataset_record'
                or list_contains(sources.sources, observed_in)
                then sources.sources
            else list_append(sources.sources, observed_in)
        end as sources,
        coalesce(curation.is_org, false) as is_org_curated,
        coalesce(curation.is_official, false) or observations.is_government as is_official,
        coalesce(curation.is_banned, false) as is_banned_curated,
        coalesce(
            followers_count >= entry_followers
            or (verified in ('blue', 'org', 'legacy') and followers_count >= entry_followers_verified),
            false
        ) as entry_threshold_passed
    from observations
    left join last_seen on observations.author_id = last_seen.author_id
    left join curation on observations.author_id = curation.author_id
    left join sources on observations.author_id = sources.author_id
    left join {{ ref('int_posting_windows') }} as windows on observations.landing_id = windows.landing_id
    cross join thresholds

)

select * from curated
