{# The outcomes that explain why a handle of a harvest is in the release or not; one that is not known is none. #}
{% macro explained_outcomes() -%}
    ('found', 'fetched_today', 'suspended', 'not_found', 'protected', 'withheld', 'missing')
{%- endmacro %}
