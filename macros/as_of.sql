{#
    The var as_of as a UTC timestamp. What is no stamp stops the build in the cast: it must not hide everything.
    A timestamp of Spark is a moment, which the session reads as UTC.
#}
{% macro as_of_override() -%}
    {%- if target.type == 'duckdb' -%}
    cast('{{ var("as_of") | replace("'", "''") }}' as timestamptz) at time zone 'UTC'
    {%- else -%}
    cast('{{ var("as_of") | replace("'", "''") }}' as timestamp)
    {%- endif -%}
{%- endmacro %}

{# Whether something happened by then, where the clock is set. A bare date stands for the whole day: what was seen on it counts. #}
{% macro happened_by_as_of(moment) -%}
    {%- if var("as_of") | string | length == '2025-11-28' | length -%}
        {{ moment }} < {{ as_of_override() }} + interval 1 day
    {%- else -%}
        {{ moment }} <= {{ as_of_override() }}
    {%- endif -%}
{%- endmacro %}
