-- The authors of a release as its file has them; the largest record that validation lets pass is 64 MiB.
create or replace temp macro published(file) as table
select
    id as author_id,
    handle,
    meta.score as score,
    meta.rank_global as rank
from read_json(
    file,
    format = 'newline_delimited',
    columns = {id: 'varchar', handle: 'varchar', meta: 'struct(score double, rank_global bigint)'},
    maximum_object_size = 67108864
);

-- One row per author of either of two releases (author_id): what was published of them before, and what is after.
create or replace temp table release_changes as
with

before as (

    -- the first release has none before it
    select * from published(coalesce($before, $after))
    where $before is not null

),

after as (

    select * from published($after)

)

select
    -- ids
    coalesce(after.author_id, before.author_id) as author_id,

    -- strings
    coalesce(after.handle, before.handle) as handle,
    before.handle as previous_handle,
    case
        when before.author_id is null then 'added'
        when after.author_id is null then 'removed'
        else 'stayed'
    end as change,

    -- numerics
    before.score as previous_score,
    after.score,
    round(after.score - before.score, 1) as movement,
    before.rank as previous_rank,
    after.rank,

    -- booleans; a handle in other capitals is the same handle
    coalesce(lower(after.handle) <> lower(before.handle), false) as is_renamed,
    coalesce(after.score <> before.score, false) as is_moved
from after
full join before on after.author_id = before.author_id;
