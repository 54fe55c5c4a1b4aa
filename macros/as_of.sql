{# The var as_of as a UTC timestamp. What is no stamp stops the build in the cast: it must not hide everything. #}
{% macro as_of_override() -%}
    cast('{{ var("as_of") | replace("'", "''") }}' as timestamptz) at time zone 'UTC'
{%- endmacro %}
