{{ config(materialized="incremental", pre_hook="{{ forget(is_newly_landed()) }}") }}
-- One row per landed X API v2 user payload (landing_id).
with

source as (

    select * from {{ source('raw', 'users') }}
    where
        shape = 'v2_user'
        and {{ is_newly_landed() }}

),

parsed as (

    -- One pass over the text for every field: reading the fields one by one parses it as many times.
    select
        landing_id,
        run_id,
        request_id,
        file,
        line_number,
        observed_at,
        payload_hash,
        {{ json_as(
            'payload',
            '{
                "id": "VARCHAR", "username": "VARCHAR", "name": "VARCHAR", "description": "VARCHAR",
                "created_at": "VARCHAR", "protected": "BOOLEAN", "verified": "BOOLEAN",
                "verified_type": "VARCHAR", "url": "VARCHAR", "withheld": "JSON",
                "pinned_tweet_id": "VARCHAR", "pinned_post_id": "VARCHAR",
                "most_recent_tweet_id": "VARCHAR", "most_recent_post_id": "VARCHAR",
                "public_metrics": {
                    "followers_count": "BIGINT", "following_count": "BIGINT", "tweet_count": "BIGINT",
                    "post_count": "BIGINT", "listed_count": "BIGINT", "like_count": "BIGINT",
                    "media_count": "BIGINT"
                },
                "entities": {
                    "url": {"urls": [{"expanded_url": "VARCHAR"}]},
                    "description": {"urls": [{"expanded_url": "VARCHAR"}]}
                }
            }'
        ) }} as x
    from source

),

renamed as (

    select
        -- ids
        landing_id,
        run_id,
        x.id as author_id,
        payload_hash,

        -- strings
        x.username as handle,
        x.name as name,
        x.description as description,
        {{ verified_kind('x.verified_type', 'x.verified') }} as verified,
        {{ unknown_verified_kind('x.verified_type') }} as unknown_verified,
        nullif(concat_ws(
            ' ',
            x.url,
            {{ array_text(array_map('x.entities.url.urls', 'link', 'link.expanded_url'), "' '") }},
            {{ array_text(array_map('x.entities.description.urls', 'link', 'link.expanded_url'), "' '") }}
        ), '') as links,
        coalesce(nullif(x.pinned_post_id, ''), nullif(x.pinned_tweet_id, '')) as pinned_tweet_id,
        coalesce(nullif(x.most_recent_post_id, ''), nullif(x.most_recent_tweet_id, '')) as most_recent_tweet_id,
        'x_api_v2' as source_method,
        coalesce('X API v2, request ' || request_id, file || ', line ' || line_number) as source_evidence,

        -- numerics
        {{ count_of('x.public_metrics.followers_count') }} as followers_count,
        {{ count_of('x.public_metrics.following_count') }} as following_count,
        {{ count_of('coalesce(x.public_metrics.post_count, x.public_metrics.tweet_count)') }} as tweet_count,
        {{ count_of('x.public_metrics.like_count') }} as like_count,
        {{ count_of('x.public_metrics.media_count') }} as media_count,
        {{ count_of('x.public_metrics.listed_count') }} as listed_count,
        cast(null as bigint) as posts_30d,
        cast(null as integer) as window_days,
        cast({{ has_doubled_zone('x.created_at') }} as integer) as repaired_stamps,
        0 as unknown_zeros,

        -- booleans
        coalesce(x.protected, false) as is_protected,
        x.withheld is not null as is_withheld,
        coalesce(x.verified_type = 'government', false) as is_government,
        false as is_placeholder,

        -- timestamps
        observed_at,
        {{ utc_timestamp('x.created_at') }} as account_created_at
    from parsed

)

select * from renamed
