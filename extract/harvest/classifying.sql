-- What each line of a table or view (line_number, text, is_landed) is, told by its shape alone, never by what it means:
-- that is staging's business. One json_type call over all marks parses the text once, and stands in an unnest, so that a
-- filter on what is made of the marks is not pushed below it and parses the text again. A null shape is a rejected line.
create or replace temp macro classified_lines(source, request_id, observed_at) as table
with

marked as (
    select
        line_number,
        text,
        is_landed,
        unnest([try(json_type(text, [
            '$', '$.data', '$.errors', '$.id', '$.username', '$.handle', '$.followers_count', '$.meta',
            '$.public_metrics', '$.id_str', '$.screen_name', '$.friends_count', '$.statuses_count',
            '$.displayname', '$.followersCount', '$.user', '$.__twarc.retrieved_at'
        ]))]) as marks
    from query_table(source)
    where text is not null
),

named as (
    select
        line_number,
        text,
        is_landed,
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
    is_landed,
    -- The marks that no other shape has come first; a bare v2 user (id and username) has the fewest.
    case
        -- what X answers is a page, whatever else stands in it
        when is_page and request_id is not null then 'v2_page'
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
        observed_at
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
