{#
    Half-even at one decimal of the value taken to nine places. The detour through a decimal is the point: a
    double that prints as 24.25 may lie a hair above or below the tie, and round_even would follow the hair.
#}
{% macro round_half_even(value) -%}
    round_even(cast({{ value }} as decimal(18, 9)) * 10, 0) / 10
{%- endmacro %}

{% macro clamp(value) -%}
    greatest(0, least(100, {{ value }}))
{%- endmacro %}
