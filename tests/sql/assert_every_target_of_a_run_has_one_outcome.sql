-- What a run set out to ask for and what became of it agree, and so do its outcomes and its own count of them.
with

targets as (

    select
        run_id,
        count(distinct {{ struct_of({'asked_by': 'asked_by', 'target': 'lower(target)'}) }}) as targets
    from {{ source('raw', 'targets') }}
    group by run_id

),

outcomes as (

    select
        run_id,
        count(*) as targets,
        count(*) filter (where outcome = 'found') as found
    from {{ ref('handle_outcomes') }}
    group by run_id

)

select
    runs.run_id,
    targets.targets,
    outcomes.targets as targets_with_an_outcome,
    runs.found,
    outcomes.found as outcomes_found
from {{ ref('harvest_runs') }} as runs
left join targets on runs.run_id = targets.run_id
left join outcomes on runs.run_id = outcomes.run_id
where
    targets.targets is distinct from outcomes.targets
    or coalesce(outcomes.found, 0) > runs.found
