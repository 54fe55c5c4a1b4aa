{{ config(materialized="incremental", pre_hook="{{ forget(is_newly_landed()) }}") }}
-- One row per landed snscrape or twscrape user line (landing_id). twscrape writes snscrape's fields, so one model
-- reads both; but where X gave no count, snscrape says null and twscrape 0. Its zeros are taken as unknown where
-- the line itself says so:
--   1. X gave it half a user (no time of creation, for which it writes 1970, or no picture, which every account
--      has), or all six counts are 0: every 0 is unknown.
--   2. Somebody has posted, but media, likes given and lists are 0 all three: those are unknown.
--   3. Nobody has posted, but there is media or a pinned post: the 0 posts are unknown.
-- Any other 0 is a number like any other.
with

source as (

    select * from {{ source('raw', 'users') }}
    where
        shape = 'scraped_user'
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
                "_type": "VARCHAR", "id": "VARCHAR", "id_str": "VARCHAR", "username": "VARCHAR",
                "displayname": "VARCHAR", "rawDescription": "VARCHAR", "description": "VARCHAR",
                "renderedDescription": "VARCHAR", "created": "VARCHAR", "profileImageUrl": "VARCHAR",
                "protected": "BOOLEAN", "verified": "BOOLEAN", "blue": "BOOLEAN", "blueType": "VARCHAR",
                "followersCount": "BIGINT", "friendsCount": "BIGINT", "statusesCount": "BIGINT",
                "favouritesCount": "BIGINT", "mediaCount": "BIGINT", "listedCount": "BIGINT",
                "pinnedIds": ["VARCHAR"], "link": {"url": "VARCHAR"}, "linkUrl": "VARCHAR",
                "descriptionLinks": [{"url": "VARCHAR"}], "descriptionUrls": [{"url": "VARCHAR"}]
            }'
        ) }} as x
    from source

),

counted as (

    -- Names are lower case from here on; DuckDB finds followersCount all the same.
    select
        *,
        {{ count_of('x.followerscount') }} as followers,
        {{ count_of('x.friendscount') }} as following,
        {{ count_of('x.statusescount') }} as posts,
        {{ count_of('x.favouritescount') }} as likes,
        {{ count_of('x.mediacount') }} as media,
        {{ count_of('x.listedcount') }} as lists,
        nullif({{ utc_timestamp('x.created') }}, timestamp '1970-01-01') as created_at,
        -- only twscrape writes id_str; it keeps the name of the type that it imitates
        coalesce(x._type = 'snscrape.modules.twitter.User' and x.id_str <> '', false) as is_twscrape
    from parsed

),

judged as (

    select
        *,
        is_twscrape and coalesce(
            created_at is null
            or x.profileimageurl = ''
            or (followers = 0 and following = 0 and posts = 0 and likes = 0 and media = 0 and lists = 0),
            false
        ) as is_half_a_user,
        is_twscrape and coalesce(posts > 0 and likes = 0 and media = 0 and lists = 0, false) as has_only_posts,
        is_twscrape and coalesce(posts = 0 and (media > 0 or {{ array_size('x.pinnedids') }} > 0), false)
            as has_all_but_posts
    from counted

),

known as (

    select
        *,
        nullif(followers, if(is_half_a_user, 0, null)) as followers_count,
        nullif(following, if(is_half_a_user, 0, null)) as following_count,
        nullif(posts, if(is_half_a_user or has_all_but_posts, 0, null)) as tweet_count,
        nullif(likes, if(is_half_a_user or has_only_posts, 0, null)) as like_count,
        nullif(media, if(is_half_a_user or has_only_posts, 0, null)) as media_count,
        nullif(lists, if(is_half_a_user or has_only_posts, 0, null)) as listed_count
    from judged

),

renamed as (

    select
        -- ids
        landing_id,
        run_id,
        coalesce(nullif(x.id_str, ''), x.id) as author_id,
        payload_hash,

        -- strings
        x.username as handle,
        x.displayname as name,
        coalesce(x.rawdescription, x.description, x.rendereddescription) as description,
        {{ verified_kind('lower(x.bluetype)', 'x.verified', 'x.blue') }} as verified,
        {{ unknown_verified_kind('lower(x.bluetype)') }} as unknown_verified,
        -- url is the address of the profile itself, not a link that it shows
        nullif(concat_ws(
            ' ',
            coalesce(x.link.url, x.linkurl),
            {{ array_text(
                array_map('coalesce(x.descriptionlinks, x.descriptionurls)', 'link', 'link.url'), "' '"
            ) }}
        ), '') as links,
        nullif({{ array_first('x.pinnedids') }}, '') as pinned_tweet_id,
        cast(null as string) as most_recent_tweet_id,
        'scraped' as source_method,
        file || ', line ' || line_number as source_evidence,

        -- numerics
        followers_count,
        following_count,
        tweet_count,
        like_count,
        media_count,
        listed_count,
        cast(null as bigint) as posts_30d,
        cast(null as integer) as window_days,
        cast({{ has_doubled_zone('x.created') }} as integer) as repaired_stamps,
        {% for found, kept in {
            'followers': 'followers_count', 'following': 'following_count', 'posts': 'tweet_count',
            'likes': 'like_count', 'media': 'media_count', 'lists': 'listed_count',
        }.items() -%}
        {% if not loop.first %}+ {% endif %}cast({{ found }} is not null and {{ kept }} is null as integer)
        {% endfor %} as unknown_zeros,

        -- booleans
        coalesce(x.protected, false) as is_protected,
        false as is_withheld,
        coalesce(lower(x.bluetype) = 'government', false) as is_government,
        false as is_placeholder,

        -- timestamps
        observed_at,
        created_at as account_created_at
    from known

)

select * from renamed
