{# Whether some part of a text matches. #}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'influx_m2')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ regex(pattern) }})
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike {{ regex(pattern) }}
{%- endmacro %}

{# A pattern as a text of the engine's. In one of Spark's a backslash escapes, and Java's $ lets a last line break pass. #}
{% macro regex(pattern) -%}
    {{ return(adapter.dispatch('regex', 'influx_m2')(pattern)) }}
{%- endmacro %}

{% macro default__regex(pattern) -%}
    '{{ pattern }}'
{%- endmacro %}

{% macro spark__regex(pattern) -%}
    '{{ pattern | replace("$", "\\z") | replace("\\", "\\\\") }}'
{%- endmacro %}

{% macro replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all', 'influx_m2')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ regex(pattern) }}, '{{ replacement }}', 'g')
{%- endmacro %}

{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ regex(pattern) }}, '{{ replacement | replace("\\", "$") }}')
{%- endmacro %}

{% macro split_at(text, pattern) -%}
    {{ return(adapter.dispatch('split_at', 'influx_m2')(text, pattern)) }}
{%- endmacro %}

{% macro default__split_at(text, pattern) -%}
    regexp_split_to_array({{ text }}, {{ regex(pattern) }})
{%- endmacro %}

{% macro spark__split_at(text, pattern) -%}
    split({{ text }}, {{ regex(pattern) }})
{%- endmacro %}

{# A pattern of a rule against a text: case does not matter, and each line of the text stands for itself. #}
{% macro matches_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('matches_pattern', 'influx_m2')(text, pattern)) }}
{%- endmacro %}

{% macro spark__matches_pattern(text, pattern) -%}
    {{ text }} rlike '(?imu)' || {{ pattern }}
{%- endmacro %}

{% macro default__matches_pattern(text, pattern) -%}
    regexp_matches({{ text }}, '(?m)' || {{ pattern }}, 'i')
{%- endmacro %}

{#
    All patterns of a kind as one, in a variable of the connection. DuckDB compiles a constant once, but a column's
    value for every row: behind the screen, a pattern is compiled only for a text that some pattern matches. Where
    there is no screen (unit tests run no hooks; too large a pattern is none) every text passes.
#}
{% macro set_pattern_screen(kind) -%}
    {{ return(adapter.dispatch('set_pattern_screen', 'influx_m2')(kind)) }}
{%- endmacro %}

{# There is none on Spark: every text passes. #}
{% macro spark__set_pattern_screen(kind) %}{% endmacro %}

{% macro default__set_pattern_screen(kind) -%}
    set variable {{ kind }}_screen = (
        select screen
        from (
            select string_agg('(?m:' || pattern || ')', '|') as screen
            from {{ ref('int_active_rules') }}
            where kind = '{{ kind }}'
        )
        where try(regexp_matches('', screen, 'i')) is not null
    )
{%- endmacro %}

{% macro passes_screen(text, kind) -%}
    {{ return(adapter.dispatch('passes_screen', 'influx_m2')(text, kind)) }}
{%- endmacro %}

{% macro spark__passes_screen(text, kind) -%}
    true
{%- endmacro %}

{% macro default__passes_screen(text, kind) -%}
    coalesce(regexp_matches({{ text }}, getvariable('{{ kind }}_screen'), 'i'), true)
{%- endmacro %}

{# Spark cannot ask: one that is none stops the test that asks, with the pattern in the error. #}
{% macro is_no_pattern(pattern) -%}
    {{ return(adapter.dispatch('is_no_pattern', 'influx_m2')(pattern)) }}
{%- endmacro %}

{% macro default__is_no_pattern(pattern) -%}
    try({{ matches_pattern("''", pattern) }}) is null
{%- endmacro %}

{% macro spark__is_no_pattern(pattern) -%}
    ({{ matches_pattern("''", pattern) }}) is null
{%- endmacro %}
