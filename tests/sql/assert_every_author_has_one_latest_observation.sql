select
    author_id,
    count(*) filter (where is_latest) as latest_observations
from {{ ref('author_metrics_history') }}
group by author_id
having count(*) filter (where is_latest) <> 1
