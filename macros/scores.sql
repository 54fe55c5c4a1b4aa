{# What identifies a score, whatever the model version. #}
{% macro score_keys(model_version) -%}
    landing_id,
        author_id,
        handle,
        cast('{{ model_version }}' as varchar) as model_version,
        observed_at,
        payload_hash,
        as_of,
        is_latest
{%- endmacro %}

{# 0 to 100 on a log scale, from the value at which a signal is worth nothing to the one at which it is worth all. #}
{% macro log_points(value, signal) -%}
    {{ clamp("100 * ln(" ~ value ~ " / " ~ signal ~ "_zero_at) / ln(" ~ signal ~ "_full_at / " ~ signal ~ "_zero_at)") }}
{%- endmacro %}

{# Rows of a seed as columns of one row: for each name, the named columns, each under the name and its suffix. #}
{% macro side_by_side(key, names, suffixes) -%}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- for column, suffix in suffixes.items() -%}
            {%- do columns.append("max(" ~ column ~ ") filter (where " ~ key ~ " = '" ~ name ~ "') as " ~ name ~ suffix) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n        ') }}
{%- endmacro %}
