-- X tells no two handles apart by case, so neither may a release. Every version publishes the same authors.
select
    lower(handle) as handle_key,
    count(*) as authors
from {{ ref('int_release_scores') }}
where model_version = 'm0'
group by lower(handle)
having count(*) > 1
