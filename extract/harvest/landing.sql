-- How the temporary table `lines` (line_number, text, is_landed) goes into raw. The extractor runs these statements
-- in order: what makes a temporary table first, then all inserts in one transaction.

create or replace temp table classified as
select * from classified_lines('lines', $request_id, $observed_at);

create or replace temp table page_users as
with

elements as (
    select
        line_number,
        observed_at,
        unnest(
            case json_type(text, '$.data')
                when 'ARRAY' then json_extract(text, '$.data[*]')
                else [json_extract(text, '$.data')]
            end
        ) as payload
    from classified
    where shape = 'v2_page' and json_type(text, '$.data') in ('ARRAY', 'OBJECT')
)

select
    *,
    coalesce(
        json_type(payload, '$.id') in ('VARCHAR', 'UBIGINT') and json_type(payload, '$.username') = 'VARCHAR',
        false
    ) as is_user
from elements;

create or replace temp table page_errors as
select
    line_number,
    payload,
    coalesce(
        json_extract_string(payload, '$.value'),
        json_extract_string(payload, '$.resource_id'),
        regexp_extract(json_extract_string(payload, '$.detail'), '\[([^\]]+)\]', 1)
    ) as asked
from (
    select
        line_number,
        unnest(json_extract(text, '$.errors[*]')) as payload
    from classified
    where shape = 'v2_page' and json_type(text, '$.errors') = 'ARRAY'
);

insert into raw.users
select
    $landing_id + line_number - $first_line,
    $run_id,
    $request_id,
    $file,
    line_number,
    null,
    shape,
    observed_at,
    md5(text),
    text
from classified
where shape <> 'v2_page' and not is_landed;

insert into raw.users
select
    $landing_id + $lines + row_number() over () - 1,
    $run_id,
    $request_id,
    $file,
    line_number,
    asked.handle,
    'v2_user',
    observed_at,
    md5(payload),
    payload
from (
    select
        *,
        lower(json_extract_string(payload, '$.username')) as handle_key
    from page_users
    where is_user
) as users
left join (select unnest(from_json($asked_handles, '["varchar"]')) as handle) as asked
    on users.handle_key = lower(asked.handle);

insert into raw.rejected_lines
select
    $run_id,
    $source,
    line_number,
    'an element of a page that is not a user',
    payload[:$longest]
from page_users
where not is_user;

insert into raw.user_errors
select
    $run_id,
    $request_id,
    $file,
    line_number,
    $observed_at,
    payload
from page_errors;

insert into raw.rejected_lines
select
    $run_id,
    $source,
    line_number,
    reason,
    text[:$longest]
from classified
where shape is null;

-- The structure of the payloads of each shape, merged, to tell a field that is new from one that was always there.
-- One payload in so many shows it as well as all of them, and bounds it where keys are data. (Against a number that is
-- no ubigint, every hash would be cast: ten times the price.)
insert into raw.structures
with

sampled as (
    select
        shape,
        cast(text as json) as payload
    from classified
    where shape <> 'v2_page' and hash(line_number) % cast($one_in as ubigint) = 0 and strlen(text) <= $longest_sampled
    union all
    select
        'v2_user' as shape,
        payload
    from page_users
    where is_user and hash(payload) % cast($one_in as ubigint) = 0 and strlen(payload) <= $longest_sampled
)

select
    $run_id,
    $request_id,
    $file,
    shape,
    count(*),
    cast(json_group_structure(payload) as varchar)
from sampled
group by shape;
