{{ config(materialized="incremental", pre_hook="{{ forget(is_newly_landed()) }}") }}
-- One row per landed influx data set record (landing_id): what X said of the user, and what curators added.
{%- set created_places = [
    'in_meta.account_created_at', 'in_ext.account_created_at', 'in_public.account_created_at',
    'x.account_created_at', 'x.created_at',
] -%}
{%- set observed_places = [
    'in_meta.last_captured_at', 'in_ext.last_captured_at', 'in_public.last_captured_at',
    'x.last_captured_at', 'x.meta.last_refresh_at',
] %}
with

source as (

    select * from {{ source('raw', 'users') }}
    where
        shape = 'dataset_record'
        and {{ is_newly_landed() }}

),

parsed as (

    -- One pass over the text for every field. The metrics of a record may lie in any of four places.
    select
        landing_id,
        run_id,
        file,
        line_number,
        observed_at as landed_observed_at,
        payload_hash,
        {{ json_as(
            'payload',
            '{
                "id": "VARCHAR", "handle": "VARCHAR", "name": "VARCHAR", "description": "VARCHAR",
                "verified": "VARCHAR", "url": "VARCHAR", "protected": "BOOLEAN",
                "followers_count": "BIGINT", "is_org": "BOOLEAN", "is_official": "BOOLEAN",
                "banned": "BOOLEAN", "lang_primary": "VARCHAR", "topic_tags": ["VARCHAR"],
                "created_at": "VARCHAR",
                "tweet_count": "BIGINT", "total_like_count": "BIGINT", "like_count": "BIGINT",
                "media_count": "BIGINT", "listed_count": "BIGINT", "following_count": "BIGINT",
                "posts_30d": "BIGINT", "window_days": "INTEGER",
                "account_created_at": "VARCHAR", "last_captured_at": "VARCHAR",
                "pinned_tweet_id": "VARCHAR", "most_recent_tweet_id": "VARCHAR",
                "public_metrics": ' ~ metrics_json() ~ ',
                "ext": {"activity_metrics": ' ~ metrics_json() ~ ', "zeros_are_counted": "BOOLEAN"},
                "meta": {
                    "activity_metrics": ' ~ metrics_json() ~ ', "last_refresh_at": "VARCHAR",
                    "sources": [{"method": "VARCHAR", "fetched_at": "VARCHAR", "evidence": "VARCHAR"}]
                }
            }'
        ) }} as x
    from source

),

located as (

    -- For each metric the first place that knows it, in the order of the data set's own history.
    select
        *,
        x.meta.activity_metrics as in_meta,
        x.ext.activity_metrics as in_ext,
        x.public_metrics as in_public
    from parsed

),

renamed as (

    select
        -- ids
        landing_id,
        run_id,
        x.id as author_id,
        payload_hash,
        line_number,

        -- strings
        file,
        x.handle as handle,
        x.name as name,
        x.description as description,
        case when x.verified in ('blue', 'org', 'legacy', 'business') then x.verified else 'none' end as verified,
        case
            when x.verified not in ('none', 'blue', 'org', 'legacy', 'business') then x.verified
        end as unknown_verified,
        nullif(x.url, '') as links,
        {{ first_text('pinned_tweet_id') }} as pinned_tweet_id,
        {{ first_text('most_recent_tweet_id') }} as most_recent_tweet_id,
        case when {{ matches('x.lang_primary', '^[a-z]{2}(-[A-Z]{2})?$') }} then x.lang_primary end as lang_primary,
        'dataset_record' as source_method,
        file || ', line ' || line_number as source_evidence,
        {{ array_where('x.topic_tags', 'tag', "tag <> ''") }} as topic_tags,
        {{ array_map(
            array_where(
                'x.meta.sources',
                's',
                "s.method <> '' and s.evidence <> '' and " ~ utc_timestamp('s.fetched_at') ~ " is not null"
            ),
            's',
            struct_of({
                'method': 's.method',
                'fetched_at': rfc3339(utc_timestamp('s.fetched_at')),
                'evidence': 's.evidence',
            })
        ) }} as sources,

        -- numerics
        {{ count_of('x.followers_count') }} as followers_count,
        {{ first_metric('following_count') }} as following_count,
        {{ first_metric('tweet_count') }} as tweet_count,
        coalesce({{ first_metric('total_like_count') }}, {{ first_metric('like_count') }}) as like_count,
        {{ first_metric('media_count') }} as media_count,
        {{ first_metric('listed_count') }} as listed_count,
        {{ first_metric('posts_30d') }} as posts_30d,
        {{ first_metric('window_days') }} as window_days,
        {% for stamp in created_places + observed_places -%}
        {% if not loop.first %}+ {% endif %}cast({{ has_doubled_zone(stamp) }} as integer)
        {% endfor %} as repaired_stamps,
        0 as unknown_zeros,

        -- booleans
        coalesce(x.protected, false) as is_protected,
        false as is_withheld,
        false as is_government,
        x.is_org as is_org,
        x.is_official as is_official,
        x.banned as is_banned,
        -- Nobody has written, is listed and follows exactly nothing: these zeros were filled in, unless the record
        -- comes from a release that says that X had counted them.
        coalesce(
            not coalesce(x.ext.zeros_are_counted, false)
            and {{ first_metric('tweet_count') }} = 0
            and {{ first_metric('listed_count') }} = 0
            and {{ first_metric('following_count') }} = 0,
            false
        ) as is_placeholder,

        -- timestamps
        coalesce(
            {% for place in observed_places -%}
            {{ utc_timestamp(place) }},
            {% endfor -%}
            landed_observed_at
        ) as observed_at,
        coalesce({{ utc_timestamp('x.meta.last_refresh_at') }}, landed_observed_at) as curated_at,
        coalesce(
            {% for place in created_places -%}
            {{ utc_timestamp(place) }}{% if not loop.last %},{% endif %}
            {% endfor -%}
        ) as account_created_at
    from located

)

select * from renamed
