select
    model_version,
    sum(weight) as total
from {{ ref('score_weights') }}
group by model_version
having abs(sum(weight) - 1) > 1e-9
