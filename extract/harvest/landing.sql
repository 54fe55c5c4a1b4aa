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
            '$', '$.data', '$.errors', '$.id', '$.username', '$.handle', '$.followers_count', '$.meta',
            '$.public_metrics', '$.id_str', '$.screen_name', '$.friends_count', '$.statuses_count',
            '$.displayname', '$.followersCount', '$.user', '$.__twarc.retrieved_at'
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
        coalesce(marks[6] = 'VARCHAR' and (marks[7] is not null or marks[8] = 'OBJECT'), false) as is_record,
        coalesce(marks[9] = 'OBJECT', false) as has_public_metrics,
        coalesce(marks[10] = 'VARCHAR', false) as has_id_text,
        coalesce(marks[11] = 'VARCHAR', false)
        and (marks[12] is not null or marks[13] is not null) as has_v1_marks,
        marks[14] is not null or marks[15] is not null as has_scraper_marks,
        -- a post carries its author: its own id must never pass for one
        coalesce(marks[16] = 'OBJECT', false) as is_post,
        coalesce(marks[17] = 'VARCHAR', false) as is_dated
    from marked
)

select
    line_number,
    text,
    -- The marks that no other shape has come first; a bare v2 user (id and username) has the fewest.
    case
        -- what X answers is a page, whatever else stands in it
        when is_page and $request_id is not null then 'v2_page'
        when is_record and has_id then 'dataset_record'
        when has_id and has_username and has_public_metrics then 'v2_user'
        when is_post then null
        when has_id and has_username and has_scraper_marks then 'scraped_user'
        when (has_id or has_id_text) and has_v1_marks then 'v1_user'
        when has_id and has_username then 'v2_user'
        when is_page then 'v2_page'
    end as shape,
    -- A page or a user says of itself when it was fetched, if twarc wrote it.
    coalesce(
        case
            when is_dated
                then try_cast(json_extract_string(text, '$.__twarc.retrieved_at') as timestamptz) at time zone 'UTC'
        end,
        $observed_at
    ) as observed_at,
    case
        when is_malformed then 'not valid JSON'
        when not is_object then 'not a JSON object'
        when is_record then 'a data set record without an id'
        when is_post
            then 'a post, not a user; known are X API v2 page or user, v1.1 user, snscrape or twscrape user, data set record'
        else 'of no known shape (X API v2 page or user, v1.1 user, snscrape or twscrape user, data set record)'
    end as reason
from named
-- a blank line is nobody's mistake; trim is dear, and only what is no JSON can be blank
where case when is_malformed then trim(text) <> '' else true end;

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
where shape <> 'v2_page';

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
