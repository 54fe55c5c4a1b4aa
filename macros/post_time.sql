{# The time of a post from its id, which counts milliseconds from X's own epoch; null before November 2010. #}
{% macro post_time(post_id) -%}
    case
        when try_cast({{ post_id }} as bigint) >= 29700859247
            then epoch_ms((try_cast({{ post_id }} as bigint) >> 22) + 1288834974657)
    end
{%- endmacro %}
