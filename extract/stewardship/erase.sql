-- What the raw layer holds of those in `people` goes, and tombstones take its place. These statements run in
-- order, in one transaction. A request that was billed stays, with a stand-in for who it was about.

create or replace temp table purged as
with

before as (

    select
        people.person,
        min(tombstones.tombstone_number) as tombstone_number
    from people
    inner join raw.tombstones as tombstones on keyed(people.kind, people.value) = tombstones.keyed_hash
    group by people.person

)

select
    coalesce(
        before.tombstone_number,
        (select coalesce(max(tombstone_number), 0) from raw.tombstones) + people.person
    ) as tombstone_number,
    people.kind,
    people.value,
    people.reason
from people
left join before on people.person = before.person;

update raw.tombstones set reason = 'asked'
where keyed_hash in (select keyed(kind, value) from purged where reason = 'asked');

insert into raw.tombstones
select
    tombstone_number,
    keyed(kind, value),
    $key_id,
    reason,
    $now
from purged
where keyed(kind, value) not in (select keyed_hash from raw.tombstones);

delete from raw.users
where landing_id in (
    select landing_id
    from known
    where author_id in (select value from purged where kind = 'id')
);

delete from raw.user_errors
where
    lower(coalesce(
        json_extract_string(payload, '$.value'),
        json_extract_string(payload, '$.resource_id'),
        regexp_extract(json_extract_string(payload, '$.detail'), '\[([^\]]+)\]', 1)
    )) in (select value from purged);

delete from raw.targets
where (asked_by, lower(target)) in (select (kind, value) from purged);

delete from raw.curation
where lower(handle) in (select value from purged where kind = 'handle');

delete from raw.released_scores
where author_id in (select value from purged where kind = 'id');

update raw.users set requested_handle = null
where lower(requested_handle) in (select value from purged where kind = 'handle');

update raw.requests set failure = 'about somebody who was purged'
where failure is not null and len(asked) = 1 and (asked_by, lower(asked[1])) in (select (kind, value) from purged);

-- a list element at a time, in its place
create or replace temp table nameless as
select
    request_id,
    list(coalesce('purged:' || purged.tombstone_number, elements.name) order by elements.place)
    filter (where elements.list = 'asked') as asked,
    list(coalesce('purged:' || purged.tombstone_number, elements.name) order by elements.place)
    filter (where elements.list = 'returned') as returned
from (
    select
        request_id,
        'asked' as list,
        asked_by as kind,
        unnest(asked) as name,
        generate_subscripts(asked, 1) as place
    from raw.requests
    union all
    select
        request_id,
        'returned' as list,
        'id' as kind,
        unnest(returned) as name,
        generate_subscripts(returned, 1) as place
    from raw.requests
) as elements
left join purged on elements.kind = purged.kind and lower(elements.name) = purged.value
group by request_id
having count(purged.value) > 0;

update raw.requests
set asked = coalesce(nameless.asked, []), returned = coalesce(nameless.returned, [])
from nameless
where requests.request_id = nameless.request_id;

-- A line that could not be read may be about anybody: it keeps its place and its reason.
update raw.rejected_lines set text = ''
where (run_id, file, line_number) in (
    select (run_id, file, line_number)
    from (
        select
            run_id,
            file,
            line_number,
            unnest(regexp_extract_all(text, '[A-Za-z0-9_]+')) as word
        from raw.rejected_lines
    )
    where lower(word) in (select value from purged)
);

update raw.released_scores
set release_id = json_extract_string($renamed, '$."' || release_id || '"')
where json_exists($renamed, '$."' || release_id || '"');

-- All that was built is built anew from what is left.
drop schema if exists marts cascade;
drop schema if exists intermediate cascade;
drop schema if exists staging cascade;
