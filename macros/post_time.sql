{#
    The time of a post from its id, which counts milliseconds from X's own epoch; null before November 2010, and where
    the text is no id: a cast alone would read one in 1e18, so that what it read must read as the text does.
#}
{% macro post_time(post_id) -%}
    {%- set number = 'try_cast(' ~ post_id ~ ' as bigint)' -%}
    case
        when {{ number }} >= 29700859247 and cast({{ number }} as varchar) = {{ post_id }}
            then epoch_ms(({{ number }} >> 22) + 1288834974657)
    end
{%- endmacro %}
