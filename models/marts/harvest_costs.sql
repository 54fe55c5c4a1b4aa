-- One row per month in which X was asked (month): what it cost. Like harvest_runs it needs no new build.
select
    cast(date_trunc('month', coalesce(answered_at, sent_at)) as date) as month,
    count(*) as requests,
    cast(sum(users_billed) as bigint) as users_billed,
    cast(sum(cost_usd) as decimal(38, 6)) as cost_usd,
    cast(sum(cost_usd_upper) as decimal(38, 6)) as cost_usd_upper
from {{ ref('int_requests_billed') }}
group by date_trunc('month', coalesce(answered_at, sent_at))
