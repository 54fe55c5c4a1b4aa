{# Whether some part of a text matches. #}
{% macro matches(text, pattern) -%}
    {%- if target.type == 'duckdb' -%}
    regexp_matches({{ text }}, {{ regex(pattern) }})
    {%- else -%}
    {{ text }} rlike {{ regex(pattern) }}
    {%- endif -%}
{%- endmacro %}

{# A pattern as a text of the engine's. In one of Spark's a backslash escapes, and Java's $ lets a last line break pass. #}
{% macro regex(pattern) -%}
    {%- if target.type == 'duckdb' -%}
    '{{ pattern }}'
    {%- else -%}
    '{{ pattern | replace("$", "\\z") | replace("\\", "\\\\") }}'
    {%- endif -%}
{%- endmacro %}

{% macro replace_all(text, pattern, replacement) -%}
    {%- if target.type == 'duckdb' -%}
    regexp_replace({{ text }}, {{ regex(pattern) }}, '{{ replacement }}', 'g')
    {%- else -%}
    regexp_replace({{ text }}, {{ regex(pattern) }}, '{{ replacement | replace("\\", "$") }}')
    {%- endif -%}
{%- endmacro %}

{% macro split_at(text, pattern) -%}
    {%- if target.type == 'duckdb' -%}
    regexp_split_to_array({{ text }}, {{ regex(pattern) }})
    {%- else -%}
    split({{ text }}, {{ regex(pattern) }})
    {%- endif -%}
{%- endmacro %}

{# A pattern of a rule against a text: case does not matter, and each line of the text stands for itself. #}
{% macro matches_pattern(text, pattern) -%}
    {%- if target.type == 'duckdb' -%}
    regexp_matches({{ text }}, '(?m)' || {{ pattern }}, 'i')
    {%- else -%}
    {{ text }} rlike '(?imu)' || {{ pattern }}
    {%- endif -%}
{%- endmacro %}

{#
    All patterns of a kind as one, in a variable of the connection. DuckDB compiles a constant once, but a column's
    value for every row: behind the screen, a pattern is compiled only for a text that some pattern matches. Where
    there is no screen (unit tests run no hooks; too large a pattern is none; Spark has none) every text passes.
#}
{% macro set_pattern_screen(kind) -%}
    {%- if target.type == 'duckdb' -%}
    set variable {{ kind }}_screen = (
        select screen
        from (
            select string_agg('(?m:' || pattern || ')', '|') as screen
            from {{ ref('int_active_rules') }}
            where kind = '{{ kind }}'
        )
        where try(regexp_matches('', screen, 'i')) is not null
    )
    {%- endif -%}
{%- endmacro %}

{% macro passes_screen(text, kind) -%}
    {%- if target.type == 'duckdb' -%}
    coalesce(regexp_matches({{ text }}, getvariable('{{ kind }}_screen'), 'i'), true)
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{# Spark cannot ask: one that is none stops the test that asks, with the pattern in the error. #}
{% macro is_no_pattern(pattern) -%}
    {%- if target.type == 'duckdb' -%}
    try({{ matches_pattern("''", pattern) }}) is null
    {%- else -%}
    ({{ matches_pattern("''", pattern) }}) is null
    {%- endif -%}
{%- endmacro %}
