{# Lower case as Python and Java have it: DuckDB alone turns a dotted capital I into a plain i. #}
{% macro lower_text(text) -%}
    lower(replace({{ text }}, 'İ', 'i̇'))
{%- endmacro %}

{# Text as words between single spaces, so that a whole word is found by ' word '. #}
{% macro as_words(text) -%}
    ' ' || trim(regexp_replace({{ lower_text(text) }}, '[^\p{L}\p{N}]+', ' ', 'g')) || ' '
{%- endmacro %}
