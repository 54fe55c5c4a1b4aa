-- What became of whom the latest harvest was to ask for, the commonest first.
select
    outcome,
    count(*) as asked
from marts.handle_outcomes
where run_id = (select max(run_id) from marts.harvest_runs)
group by outcome
order by asked desc, outcome;
