{# Views hold the names they read. Without the database's, which is the file's, a warehouse that is copied or renamed still opens. #}
{% macro ref() -%}
    {%- do return(builtins.ref(*varargs, **kwargs).include(database=false)) -%}
{%- endmacro %}
