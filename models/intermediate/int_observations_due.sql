-- One row per observation of the authors who are due (landing_id); none where everything is built, and all of them are.
select landing_id
from {{ ref('int_observation_features') }}
where
    {{ is_due() }}
    and {{ 'true' if adds_to_last_build() else 'false' }}
