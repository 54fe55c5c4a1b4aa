{# As macros/ref.sql: a view on raw must not hold the name of the warehouse file either. #}
{% macro source() -%}
    {%- do return(builtins.source(*varargs, **kwargs).include(database=false)) -%}
{%- endmacro %}
