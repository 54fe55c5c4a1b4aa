-- The weights of the components of a version, and those of the signals of a component.
with

sums as (

    select
        model_version,
        null as component,
        sum(weight) as total
    from {{ ref('score_weights') }}
    group by model_version
    union all
    select
        model_version,
        component,
        sum(weight) as total
    from {{ ref('score_signals') }}
    group by model_version, component

)

select * from sums
where abs(total - 1) > 1e-9
