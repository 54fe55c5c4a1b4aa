{# The project's own generic tests. Each reads its model once, however many columns and rules it is given. #}

{# The named columns are never null and, together, never the same twice. #}
{% test primary_key(model, columns) %}
select
    {{ columns | join(',\n    ') }},
    count(*) as rows_with_this_key
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}


{# Every expression is true of every row. One that is null does not hold: say so where a null is allowed. #}
{% test expressions_hold(model, expressions) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{{ rows_that_fail(model, expressions) }}
{% endtest %}


{# Every value lies between its two bounds, both allowed. A null is absent, not out of range. #}
{% test within_range(model, ranges) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{%- set expressions = {} -%}
{%- for column, bounds in ranges.items() -%}
    {%- do expressions.update({column: column ~ ' is null or ' ~ column ~ ' between ' ~ bounds[0] ~ ' and ' ~ bounds[1]}) -%}
{%- endfor %}
{{ rows_that_fail(model, expressions) }}
{% endtest %}


{# One row per expression that some row fails: its name and how many rows. #}
{% macro rows_that_fail(model, expressions) -%}
with

counted as (

    select
        {%- for name, expression in expressions.items() %}
        count(*) filter (where not coalesce({{ expression }}, false)) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}

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
