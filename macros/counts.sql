{# A count, or null where there is none or where it is below 0, which no count can be. #}
{% macro count_of(value) -%}
    nullif(greatest({{ value }}, -1), -1)
{%- endmacro %}

{# An id of X, or null where the text is none. #}
{% macro id_of(text) -%}
    nullif(regexp_extract({{ text }}, {{ regex('^[0-9]{1,19}$') }}, 0), '')
{%- endmacro %}
