{#
    Half-even at one decimal of the value taken to nine places. The detour through a decimal is the point: a
    double that prints as 24.25 may lie a hair above or below the tie, and round_even would follow the hair.
#}
{% macro round_half_even(value) -%}
    {%- if target.type == 'duckdb' -%}
    round_even(cast({{ value }} as decimal(18, 9)) * 10, 0) / 10
    {%- else -%}
    cast(bround(cast({{ value }} as decimal(18, 9)), 1) as double)
    {%- endif -%}
{%- endmacro %}

{# Half away from zero at so many decimals, of the value taken to nine places: to every engine the same tie is one. #}
{% macro round_half_up(value, decimals) -%}
    cast(round(cast({{ value }} as decimal(18, 9)), {{ decimals }}) as double)
{%- endmacro %}

{% macro clamp(value) -%}
    greatest(0, least(100, {{ value }}))
{%- endmacro %}

{# A type of whole numbers that holds a sum of squares of billionths. #}
{% macro wide_integer() -%}
    {%- if target.type == 'duckdb' -%}
    hugeint
    {%- else -%}
    decimal(38, 0)
    {%- endif -%}
{%- endmacro %}
