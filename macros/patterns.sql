{# A pattern of a rule against a text: case does not matter, and each line of the text stands for itself. #}
{% macro matches_pattern(text, pattern) -%}
    regexp_matches({{ text }}, '(?m)' || {{ pattern }}, 'i')
{%- endmacro %}

{#
    All patterns of a kind as one, in a variable of the connection. DuckDB compiles a constant once, but a column's
    value for every row: behind the screen, a pattern is compiled only for a text that some pattern matches. Where
    there is no screen (unit tests run no hooks; too large a pattern is none) every text passes.
#}
{% macro set_pattern_screen(kind) -%}
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
    coalesce(regexp_matches({{ text }}, getvariable('{{ kind }}_screen'), 'i'), true)
{%- endmacro %}
