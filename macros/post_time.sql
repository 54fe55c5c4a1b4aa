{#
    The time of a post from its id, which counts milliseconds from X's own epoch; null before November 2010, and where
    the text is no id: a cast alone would read one in 1e18.
#}
{% macro post_time(post_id) -%}
    {%- set number = 'try_cast(' ~ id_of(post_id) ~ ' as bigint)' -%}
    case
        when {{ number }} >= 29700859247
            then epoch_ms(({{ number }} >> 22) + 1288834974657)
    end
{%- endmacro %}
