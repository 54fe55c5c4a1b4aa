{#
    Half-even at one decimal of the value taken to nine places. The detour through a decimal is the point: a
    double that prints as 24.25 may lie a hair above or below the tie, and round_even would follow the hair.
#}
{% macro round_half_even(value) -%}
    {{ return(adapter.dispatch('round_half_even', 'influx_m2')(value)) }}
{%- endmacro %}

{% macro spark__round_half_even(value) -%}
    cast(bround(cast({{ value }} as decimal(18, 9)), 1) as double)
{%- endmacro %}

{% macro default__round_half_even(value) -%}
    round_even(cast({{ value }} as decimal(18, 9)) * 10, 0) / 10
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
    {{ return(adapter.dispatch('wide_integer', 'influx_m2')()) }}
{%- endmacro %}

{% macro default__wide_integer() -%}
    hugeint
{%- endmacro %}

{% macro spark__wide_integer() -%}
    decimal(38, 0)
{%- endmacro %}
