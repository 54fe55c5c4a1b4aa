{#
    The project's own generic tests. Each reads its model once, however many columns and rules it is given. `of` names
    the rows that a build that adds to the last one has to look at: what it took in anew (macros/building.sql).
#}

{% macro rows_of(model, of) -%}
    {{ model }}
    {%- if of == 'authors' %}
    where {{ is_due() }}
    {%- elif of == 'observations' %}
    where {{ is_due_observation() }}
    {%- elif of == 'landings' %}
    where {{ is_newly_landed() }}
    {%- endif -%}
{%- endmacro %}

{# The named columns are never null and, together, never the same twice. #}
{% test primary_key(model, columns, of='all') %}
select
    {{ columns | join(',\n    ') }},
    count(*) as rows_with_this_key
from {{ rows_of(model, of) }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}


{# Every expression is true of every row. One that is null does not hold: say so where a null is allowed. #}
{% test expressions_hold(model, expressions, of='all') %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{{ rows_that_fail(model, expressions, of) }}
{% endtest %}


{# One row per expression that some row fails: its name and how many rows. #}
{% macro rows_that_fail(model, expressions, of='all') -%}
with

counted as (

    select
        {%- for name, expression in expressions.items() %}
        count(*) filter (where not coalesce({{ expression }}, false)) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ rows_of(model, of) }}

),

listed as (

    {%- for name in expressions %}
    select
        '{{ name }}' as expectation,
        {{ name }} as failing_rows
    from counted
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from listed
where failing_rows > 0
{%- endmacro %}
