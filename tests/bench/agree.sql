-- One row: how the records of two files differ, the second held against the first by id, without where a record came
-- from (the floor does not number lines) and without the rank where rules left somebody out.
with

one as (
    select json ->> '$.id' as id, json
    from read_json_objects('{one}', format = 'newline_delimited')
),

other as (
    select json ->> '$.id' as id, json
    from read_json_objects('{other}', format = 'newline_delimited')
)

select
    (select count(*) from one) as in_one,
    count(*) as in_other,
    count(*) filter (where one.id is null) as unknown,
    count(*) filter (where one.json ->> '$.meta.score' <> other.json ->> '$.meta.score') as other_scores,
    count(*) filter (
        where regexp_replace(one.json, '"(evidence":"[^"]*"|rank_global":[0-9]+)', '', 'g')
            <> regexp_replace(other.json, '"(evidence":"[^"]*"|rank_global":[0-9]+)', '', 'g')
    ) as other_records
from other
left join one on other.id = one.id
