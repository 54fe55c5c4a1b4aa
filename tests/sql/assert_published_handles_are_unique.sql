-- X tells no two handles apart by case, so neither may a release.
select
    model_version,
    lower(handle) as handle_key,
    count(*) as authors
from {{ ref('release_records') }}
group by model_version, lower(handle)
having count(*) > 1
