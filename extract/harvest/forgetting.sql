-- Where the warehouse has tombstones: what lines and answers say of those who were purged does not land. These
-- statements run, in order, between those of landing.sql that prepare and those that insert.

-- What X itself shows again is there again, unless the person asked to be forgotten.
delete from raw.tombstones
where
    $request_id is not null
    and reason <> 'asked'
    and tombstone_number in (
        select tombstones.tombstone_number
        from page_users as users
        inner join raw.tombstones as tombstones
            on keyed('id', json_extract_string(users.payload, '$.id')) = tombstones.keyed_hash
        where users.is_user and json_extract_string(users.payload, '$.protected') is distinct from 'true'
    );

create or replace temp table forgotten as
with

named as (

    select
        line_number,
        null as element,
        json_extract_string(
            case when shape is not null or try(json_valid(text)) then text end,
            ['$.id_str', '$.id', '$.handle', '$.username', '$.screen_name']
        ) as names
    from classified
    where shape is distinct from 'v2_page'
    union all
    select
        line_number,
        rowid as element,
        json_extract_string(payload, ['$.id_str', '$.id', '$.handle', '$.username', '$.screen_name']) as names
    from page_users

),

hashed as (

    select
        line_number,
        element,
        coalesce(names[1], names[2]) as author_id,
        lower(coalesce(names[3], names[4], names[5])) as handle,
        unnest([
            {'kind': 'id', 'keyed_hash': keyed('id', coalesce(names[1], names[2]))},
            {'kind': 'handle', 'keyed_hash': keyed('handle', coalesce(names[3], names[4], names[5]))}
        ], recursive := true)
    from named

)

select
    hashed.line_number,
    hashed.element,
    hashed.author_id,
    hashed.handle,
    min(tombstones.tombstone_number) as tombstone_number,
    min(tombstones.key_id) as key_id,
    min(tombstones.reason) as reason,
    bool_or(hashed.kind = 'handle') as is_known_handle
from hashed
inner join raw.tombstones as tombstones on hashed.keyed_hash = tombstones.keyed_hash
group by hashed.line_number, hashed.element, hashed.author_id, hashed.handle;

-- X shows somebody under a handle that is new: it is the same person, and is not asked for again.
insert into raw.tombstones
select distinct
    tombstone_number,
    keyed('handle', handle),
    key_id,
    reason,
    $observed_at
from forgotten
where $request_id is not null and handle is not null and not is_known_handle;

delete from raw.targets
where
    $request_id is not null
    and run_id = $run_id
    and asked_by = 'handle'
    and lower(target) in (select handle from forgotten);

delete from raw.curation
where
    $request_id is not null
    and run_id = $run_id
    and lower(handle) in (select handle from forgotten);

delete from classified
where line_number in (select line_number from forgotten where element is null);

delete from page_users
where rowid in (select element from forgotten);

delete from page_errors
where is_entombed('id', asked) or is_entombed('handle', asked);

-- Of a line that cannot be read, nothing is kept if any word of it may be one of them.
update classified
set text = ''
where
    shape is null
    and line_number in (
        select line_number
        from (
            select
                line_number,
                unnest(regexp_extract_all(text[:$longest], '[A-Za-z0-9_]+')) as word
            from classified
            where shape is null
        )
        where is_entombed('id', word) or is_entombed('handle', word)
    );
