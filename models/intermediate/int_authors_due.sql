-- One row per author (author_id) whom something concerns that came since the last complete build: a payload, an answer
-- of X, a line of a handle list, or another author seen under the same handle. Empty where everything is built.
with

payloads as (

    select
        author_id,
        landing_id,
        lower(handle) as handle_key
    from {{ ref('int_observations_unioned') }}

),

last_build as (

    {% if adds_to_last_build() -%}
    select
        coalesce(max(landed_to), 0) as landed_to,
        coalesce(max(requested_to), 0) as requested_to,
        coalesce(max(listed_to), 0) as listed_to
    from marts.release_gate
    {%- else -%}
    select
        9223372036854775807 as landed_to,
        9223372036854775807 as requested_to,
        9223372036854775807 as listed_to
    {%- endif %}

),

landed as (

    select payloads.author_id
    from payloads
    inner join last_build on payloads.landing_id > last_build.landed_to

),

requested as (

    select
        requests.asked_by,
        {{ unnested('requests.asked') }} as asked
    from {{ source('raw', 'requests') }} as requests
    inner join last_build on requests.request_id > last_build.requested_to

),

asked as (

    select
        asked_by,
        lower(asked) as asked
    from requested

),

handles as (

    -- whoever was ever seen under a handle is concerned by what is heard of it
    select handle_key
    from payloads
    where author_id in (select author_id from landed)
    union
    select asked as handle_key
    from asked
    where asked_by = 'handle'
    union
    select lower(curation.handle) as handle_key
    from {{ source('raw', 'curation') }} as curation
    inner join last_build on curation.run_id > last_build.listed_to

),

due as (

    select author_id from landed
    union
    select asked as author_id
    from asked
    where asked_by = 'id'
    union
    select author_id
    from payloads
    where handle_key in (select handle_key from handles)

)

select * from due
