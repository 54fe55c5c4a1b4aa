{# What identifies a score, whatever the model version. #}
{% macro score_keys(model_version) -%}
    author_id,
        handle,
        cast('{{ model_version }}' as varchar) as model_version,
        observed_at,
        payload_hash,
        as_of,
        is_latest
{%- endmacro %}

{# The sub-components that a model version does not have. #}
{% macro null_columns(names) -%}
    {% for name in names -%}
    cast(null as double) as {{ name }}{% if not loop.last %},
        {% endif %}
    {%- endfor %}
{%- endmacro %}
