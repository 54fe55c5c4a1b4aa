{# 0 to 100 on a log scale, from the value at which a signal is worth nothing to the one at which it is worth all. #}
{% macro log_points(value, signal) -%}
    {{ clamp("100 * ln(" ~ value ~ " / " ~ signal ~ "_zero_at) / ln(" ~ signal ~ "_full_at / " ~ signal ~ "_zero_at)") }}
{%- endmacro %}

{# Rows of a seed as columns of one row: for each name, the named columns, each under the name and its suffix. #}
{% macro side_by_side(key, names, suffixes) -%}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- for column, suffix in suffixes.items() -%}
            {%- do columns.append("max(" ~ column ~ ") filter (where " ~ key ~ " = '" ~ name ~ "') as " ~ name ~ suffix) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n        ') }}
{%- endmacro %}

{#
    A part of a score: what was measured, its points, the weight of a point in the raw score, and what comes of it. What
    stands in for a measurement has raw points alone; they are null where it does not stand in.
#}
{% macro score_part(position, component, signal, value='null', unit='', points='null', weight='null', raw_points=none) -%}
    {{ struct_of({
        'position': position,
        'component': "'" ~ component ~ "'",
        'signal': "'" ~ signal ~ "'",
        'is_signal': raw_points is none,
        'value': 'cast(' ~ value ~ ' as double)',
        'unit': "nullif('" ~ unit ~ "', '')",
        'points': 'cast(' ~ points ~ ' as double)',
        'weight': 'cast(' ~ weight ~ ' as double)',
        'raw_points': 'cast(' ~ (
            'coalesce(' ~ points ~ ' * ' ~ weight ~ ', 0)' if raw_points is none
            else 'nullif(round(' ~ raw_points ~ ', 9), 0)'
        ) ~ ' as double)',
    }) }}
{%- endmacro %}

{# The weight in the whole score of the signals that are known; the columns are component_signal and its weights. #}
{% macro known_weight(signals_by_component) -%}
    {%- set terms = [] -%}
    {%- for component, signals in signals_by_component.items() -%}
        {%- for signal in signals -%}
            {%- do terms.append(
                'case when ' ~ component ~ '_' ~ signal ~ ' is not null then '
                ~ component ~ '_weight * ' ~ signal ~ '_weight else 0 end'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ terms | join('\n        + ') }}
{%- endmacro %}
