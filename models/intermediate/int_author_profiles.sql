-- One row per author (author_id): the latest observation with the text of its profile, and where the author was found.
-- A view, for most authors are never published: text is written once, in staging.
with

authors as (

    select * from {{ ref('int_authors_latest') }}

),

texts as (

    select
        landing_id,
        name,
        description,
        links,
        pinned_tweet_id,
        most_recent_tweet_id,
        observed_at,
        source_method,
        source_evidence
    from {{ ref('int_observations_unioned') }}

),

sources as (

    select * from {{ ref('int_author_sources') }}

),

observed as (

    select
        authors.*,
        texts.name,
        texts.description,
        texts.links,
        texts.pinned_tweet_id,
        texts.most_recent_tweet_id,
        texts.source_method,
        {{ struct_of({
            'method': 'texts.source_method',
            'fetched_at': rfc3339('texts.observed_at'),
            'evidence': 'texts.source_evidence',
        }) }} as observed_in
    from authors
    inner join texts on authors.landing_id = texts.landing_id

),

profiles as (

    select
        observed.*,
        -- Where the numbers were seen stands behind where curators found the author; a data set record
        -- that names its sources needs no other.
        case
            when sources.sources is null then {{ array_of(['observed.observed_in']) }}
            when
                observed.source_method = 'dataset_record'
                or array_contains(sources.sources, observed.observed_in)
                then sources.sources
            else array_append(sources.sources, observed.observed_in)
        end as sources
    from observed
    left join sources on observed.author_id = sources.author_id

)

select * from profiles
