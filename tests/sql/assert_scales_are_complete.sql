-- A weight or a setting that is missing would make nulls of every score that needs it, and no error.
{%- set columns = adapter.get_columns_in_relation(ref('int_scales_m2_1')) | map(attribute='name') %}
with

complete as (

    select *
    from {{ ref('int_scales_m2_1') }}
    where {{ columns | join(' is not null and ') }} is not null

)

select 'a weight, a scale or a setting of m2.1 is missing in the seeds' as problem
where not exists (select * from complete)
