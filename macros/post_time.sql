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
    {{ return(adapter.dispatch('moment_of_milliseconds', 'influx_m2')(milliseconds)) }}
{%- endmacro %}

{% macro default__moment_of_milliseconds(milliseconds) -%}
    epoch_ms({{ milliseconds }})
{%- endmacro %}

{% macro spark__moment_of_milliseconds(milliseconds) -%}
    timestamp_millis({{ milliseconds }})
{%- endmacro %}
