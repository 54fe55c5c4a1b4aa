{# Lower case as Python and Java have it: DuckDB alone turns a dotted capital I into a plain i. #}
{% macro lower_text(text) -%}
    lower(case when contains({{ text }}, 'İ') then replace({{ text }}, 'İ', 'i̇') else {{ text }} end)
{%- endmacro %}

{# Text as words between single spaces, so that a whole word is found by ' word '. #}
{% macro as_words(text) -%}
    ' ' || trim(regexp_replace({{ lower_text(text) }}, '[^\p{L}\p{N}]+', ' ', 'g')) || ' '
{%- endmacro %}

{# Text without NUL, which JSON can carry and most readers of a release cannot. #}
{% macro without_nul(text) -%}
    replace({{ text }}, chr(0), '')
{%- endmacro %}
