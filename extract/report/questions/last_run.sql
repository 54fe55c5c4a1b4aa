-- The latest harvest: how far it came, and what it cost.
select
    run_id,
    status,
    started_at,
    targets,
    fetched_today,
    answered,
    requests,
    failed_requests,
    users_billed,
    cost_usd,
    cost_usd_upper,
    (select count(*) from marts.author_metrics_history where run_id = runs.run_id) as observations
from marts.harvest_runs as runs
order by run_id desc
limit 1;
