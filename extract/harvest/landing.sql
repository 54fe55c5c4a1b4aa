-- How the temporary table `lines` (text, one row a line, in order) goes into raw. The extractor runs these
-- statements in order: what makes a temporary table first, then all inserts in one transaction. They look at a
-- text only to tell its shape, never at what it means: that is staging's business.

-- What each line is. One json_type call over all marks parses the text once; a null shape is a rejected line.
create or replace temp table classified as
with

marked as (
    select
        rowid + $first_line as line_number,
        text,
        try(json_type(text, [
            '$', '$.data', '$.errors', '$.id', '$.username', '$.handle', '$.followers_count', '$.meta'
        ])) as marks
    from lines
    where text is not null
),

named as (
    select
        line_number,
        text,
        marks is null as is_malformed,
        marks[1] = 'OBJECT' as is_object,
        coalesce(
            marks[2] in ('OBJECT', 'ARRAY') or (coalesce(marks[2], 'NULL') = 'NULL' and marks[3] = 'ARRAY'), false
        ) as is_page,
        coalesce(marks[4] in ('VARCHAR', 'UBIGINT'), false) as has_id,
        coalesce(marks[5] = 'VARCHAR', false) as has_username,
        coalesce(marks[6] = 'VARCHAR' and (marks[7] is not null or marks[8] = 'OBJECT'), false) as is_record
    from marked
)

select
    line_number,
    text,
    case
        -- what X answers is a page, whatever else stands in it
        when is_page and $request_id is not null then 'v2_page'
        when is_record and has_id then 'dataset_record'
        when has_id and has_username then 'v2_user'
        when is_page then 'v2_page'
    end as shape,
    case
        when is_malformed then 'not valid JSON'
        when not is_object then 'not a JSON object'
        when is_record then 'a data set record without an id'
        else 'of no known shape (X API v2 page, X API v2 user, data set record)'
    end as reason
from named
-- a blank line is nobody's mistake; trim is dear, and only what is no JSON can be blank
where case when is_malformed then trim(text) <> '' else true end;

-- A page says of itself when it was fetched, if twarc wrote it.
create or replace temp table page_users as
select
    line_number,
    coalesce(
        try_cast(json_extract_string(text, '$.__twarc.retrieved_at') as timestamptz) at time zone 'UTC',
        $observed_at
    ) as observed_at,
    unnest(
        case json_type(text, '$.data')
            when 'ARRAY' then json_extract(text, '$.data[*]')
            else [json_extract(text, '$.data')]
        end
    ) as payload
from classified
where shape = 'v2_page' and json_type(text, '$.data') in ('ARRAY', 'OBJECT');

insert into raw.users
select
    $landing_id + line_number - $first_line,
    $run_id,
    $request_id,
    $file,
    line_number,
    null,
    shape,
    $observed_at,
    md5(text),
    text
from classified
where shape in ('v2_user', 'dataset_record');

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
    where json_type(payload, '$.id') in ('VARCHAR', 'UBIGINT') and json_type(payload, '$.username') = 'VARCHAR'
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
where
    coalesce(json_type(payload, '$.id'), '') not in ('VARCHAR', 'UBIGINT')
    or json_type(payload, '$.username') is distinct from 'VARCHAR';

insert into raw.user_errors
select
    $run_id,
    $request_id,
    $file,
    line_number,
    $observed_at,
    unnest(json_extract(text, '$.errors[*]'))
from classified
where shape = 'v2_page' and json_type(text, '$.errors') = 'ARRAY';

insert into raw.rejected_lines
select
    $run_id,
    $source,
    line_number,
    reason,
    text[:$longest]
from classified
where shape is null;
