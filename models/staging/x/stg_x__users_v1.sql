{{ config(materialized="incremental", pre_hook="{{ forget(is_newly_landed()) }}") }}
-- One row per landed X API v1.1 user payload (landing_id).
with

source as (

    select * from {{ source('raw', 'users') }}
    where
        shape = 'v1_user'
        and {{ is_newly_landed() }}

),

parsed as (

    select
        landing_id,
        run_id,
        file,
        line_number,
        observed_at,
        payload_hash,
        {{ json_as(
            'payload',
            '{
                "id_str": "VARCHAR", "id": "VARCHAR", "screen_name": "VARCHAR", "name": "VARCHAR",
                "description": "VARCHAR", "created_at": "VARCHAR", "url": "VARCHAR", "protected": "BOOLEAN",
                "verified": "BOOLEAN", "is_blue_verified": "BOOLEAN", "ext_is_blue_verified": "BOOLEAN",
                "verified_type": "VARCHAR", "ext_verified_type": "VARCHAR",
                "followers_count": "BIGINT", "friends_count": "BIGINT", "statuses_count": "BIGINT",
                "favourites_count": "BIGINT", "media_count": "BIGINT", "listed_count": "BIGINT",
                "withheld_in_countries": ["VARCHAR"], "pinned_tweet_ids_str": ["VARCHAR"],
                "status": {"id_str": "VARCHAR", "id": "VARCHAR"},
                "entities": {
                    "url": {"urls": [{"expanded_url": "VARCHAR"}]},
                    "description": {"urls": [{"expanded_url": "VARCHAR"}]}
                }
            }'
        ) }} as x
    from source

),

typed as (

    select
        *,
        lower(coalesce(nullif(x.verified_type, ''), x.ext_verified_type)) as verified_type
    from parsed

),

renamed as (

    select
        -- ids
        landing_id,
        run_id,
        -- A reader without 64-bit integers has rounded id; id_str it cannot have.
        coalesce(nullif(x.id_str, ''), x.id) as author_id,
        payload_hash,

        -- strings
        x.screen_name as handle,
        x.name as name,
        x.description as description,
        {{ verified_kind(
            'verified_type', 'x.verified', 'coalesce(x.is_blue_verified, x.ext_is_blue_verified)'
        ) }} as verified,
        {{ unknown_verified_kind('verified_type') }} as unknown_verified,
        nullif(concat_ws(
            ' ',
            x.url,
            {{ array_text(array_map('x.entities.url.urls', 'link', 'link.expanded_url'), "' '") }},
            {{ array_text(array_map('x.entities.description.urls', 'link', 'link.expanded_url'), "' '") }}
        ), '') as links,
        nullif({{ array_first('x.pinned_tweet_ids_str') }}, '') as pinned_tweet_id,
        -- the latest post comes with the user, unless it was asked to stay away
        coalesce(nullif(x.status.id_str, ''), x.status.id) as most_recent_tweet_id,
        'x_api_v1' as source_method,
        file || ', line ' || line_number as source_evidence,

        -- numerics
        {{ count_of('x.followers_count') }} as followers_count,
        {{ count_of('x.friends_count') }} as following_count,
        {{ count_of('x.statuses_count') }} as tweet_count,
        {{ count_of('x.favourites_count') }} as like_count,
        {{ count_of('x.media_count') }} as media_count,
        {{ count_of('x.listed_count') }} as listed_count,
        cast(null as bigint) as posts_30d,
        cast(null as integer) as window_days,
        cast({{ has_doubled_zone('x.created_at') }} as integer) as repaired_stamps,
        0 as unknown_zeros,

        -- booleans
        coalesce(x.protected, false) as is_protected,
        coalesce({{ array_size('x.withheld_in_countries') }} > 0, false) as is_withheld,
        coalesce(verified_type = 'government', false) as is_government,
        false as is_placeholder,

        -- timestamps
        observed_at,
        coalesce(
            {{ v1_timestamp('x.created_at') }},
            {{ utc_timestamp('x.created_at') }}
        ) as account_created_at
    from typed

)

select * from renamed
