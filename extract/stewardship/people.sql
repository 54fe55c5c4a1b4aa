-- Who is to be purged, and by which ids and handles the warehouse knows them. These statements run in order,
-- and the table `wanted` (kind, value, reason) is there before.

-- What every landed user says of who it is; raw alone knows those who were not built yet.
create or replace temp table known as
select
    landing_id,
    observed_at,
    coalesce(names[1], names[2]) as author_id,
    lower(coalesce(names[3], names[4], names[5])) as handle
from (
    select
        landing_id,
        observed_at,
        json_extract_string(payload, ['$.id_str', '$.id', '$.handle', '$.username', '$.screen_name']) as names
    from raw.users
);

-- A handle belongs to whoever was seen with it last.
create or replace temp table holders as
select
    handle,
    max_by(author_id, {'observed_at': observed_at, 'landing_id': landing_id}) as author_id
from known
where handle is not null
group by handle;

-- One row an id, and one a handle, of each person.
create or replace temp table people as
with

ids as (

    select
        value as author_id,
        reason
    from wanted
    where kind = 'id'
    union
    select
        holders.author_id,
        wanted.reason
    from wanted
    inner join holders on wanted.value = holders.handle
    where wanted.kind = 'handle'

),

numbered as (

    select
        author_id,
        any_value(reason order by reason) as reason,
        row_number() over (order by author_id) as person
    from ids
    group by author_id

),

handles as (

    select distinct
        known.author_id,
        known.handle
    from known
    where known.author_id in (select author_id from numbered) and known.handle is not null
    union
    select distinct
        author_id,
        lower(handle) as handle
    from raw.released_scores
    where author_id in (select author_id from numbered)

),

held as (

    -- what somebody else has taken over since is theirs
    select
        handles.author_id,
        handles.handle
    from handles
    left join holders on handles.handle = holders.handle
    where holders.handle is null or holders.author_id in (select author_id from numbered)

),

strangers as (

    select
        wanted.value as handle,
        wanted.reason,
        (select count(*) from numbered) + row_number() over (order by wanted.value) as person
    from wanted
    left join holders on wanted.value = holders.handle
    where wanted.kind = 'handle' and holders.handle is null

)

select
    person,
    'id' as kind,
    author_id as value,
    reason
from numbered
union all
select
    numbered.person,
    'handle' as kind,
    held.handle as value,
    numbered.reason
from held
inner join numbered on held.author_id = numbered.author_id
union all
select
    person,
    'handle' as kind,
    handle as value,
    reason
from strangers
