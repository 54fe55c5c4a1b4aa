-- Within which scores the release gate wants most authors.
select
    max(value) filter (where threshold = 'gate_range_from') as score_from,
    max(value) filter (where threshold = 'gate_range_to') as score_to
from staging.thresholds;
