-- One row per publishable author and model version (author_id, model_version): the scores in their order.
select
    *,
    cast(row_number() over (
        partition by model_version
        order by score desc, followers_count desc, lower(handle)
    ) as bigint) as rank_global
from {{ ref('int_release_scores') }}
