{#
    The time of a post from its id, which counts milliseconds from X's own epoch; null before November 2010, and where
    the text is no id: a cast alone would read one in 1e18, so that what it read must read as the text does.
#}
{% macro post_time(post_id) -%}
    {%- set number = 'try_cast(' ~ post_id ~ ' as bigint)' -%}
    case
        when {{ number }} >= 29700859247 and cast({{ number }} as string) = {{ post_id }}
            then {{ moment_of_milliseconds('(' ~ number ~ ' >> 22) + 1288834974657') }}
    end
{%- endmacro %}

{% macro moment_of_milliseconds(milliseconds) -%}
    {%- if target.type == 'duckdb' -%}
    epoch_ms({{ milliseconds }})
    {%- else -%}
    timestamp_millis({{ milliseconds }})
    {%- endif -%}
{%- endmacro %}
