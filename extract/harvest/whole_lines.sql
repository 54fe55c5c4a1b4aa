-- How the view `spooled` (line_number, text, is_landed), a stretch of a file, goes into raw in one pass: every line that
-- is a user by itself, as nearly all of them are. Committed by itself: a file counts with its row in raw.files.
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
from classified_lines('spooled', $request_id, $observed_at)
where shape <> 'v2_page';

-- What is left for the statements of landing.sql, and beside it the sample by which they tell the structure of payloads.
create or replace temp table lines as
select
    looked_at.line_number,
    looked_at.text,
    landed.line_number is not null as is_landed
from query_table($looked_at) as looked_at
left join (
    select line_number from raw.users
    where run_id = $run_id and landing_id >= $landing_id
) as landed on looked_at.line_number = landed.line_number
where
    landed.line_number is null
    or (
        hash(looked_at.line_number) % cast($one_in as ubigint) = 0
        and strlen(looked_at.text) <= $longest_sampled
    )
-- the users of pages are numbered in the order of their lines
order by looked_at.line_number;
