{# The var as_of as a timestamp. A value that is no stamp stops the build here: it must not hide everything. #}
{% macro as_of_override() -%}
    {%- set text = var('as_of') | string -%}
    {%- if not modules.re.match('^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?)?$', text) -%}
        {{ exceptions.raise_compiler_error("var as_of is '" ~ text ~ "': give a UTC stamp such as 2025-11-28 or 2025-11-28T06:00:00Z") }}
    {%- endif -%}
    cast('{{ text | replace("Z", "") }}' as timestamp)
{%- endmacro %}
