{#
    A stamp as text -> a UTC timestamp, or null. Real files hold doubled zone suffixes (+00:00Z, +00:00+00:00):
    the first one counts. No zone means UTC; an empty string is null. The first branch is the form that X
    itself writes and costs no regular expression.
#}
{% macro utc_timestamp(text) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'influx_m2')(text)) }}
{%- endmacro %}

{% macro default__utc_timestamp(text) -%}
    case
        when {{ text }} is null or {{ text }} = '' then null
        when {{ text }} like '____-__-__T__:__:__%Z'
            and length({{ text }}) in (20, 24, 27)
            and strpos({{ text }}, '+') = 0
            and not ends_with({{ text }}, 'ZZ')
            then try_cast({{ text }} as timestamp)
        else try_cast(
            nullif(regexp_extract({{ text }}, {{ regex(stamp_pattern()) }}, 1), '')
            || case when length(trim({{ text }})) = 10 then ' 00:00:00' else '' end
            || coalesce(nullif(regexp_extract({{ text }}, {{ regex(stamp_pattern()) }}, 2), ''), '+00:00')
            as timestamptz
        ) at time zone 'UTC'
    end
{%- endmacro %}

{% macro spark__utc_timestamp(text) -%}
    try_cast(
            nullif(regexp_extract({{ text }}, {{ regex(stamp_pattern()) }}, 1), '')
            || case when length(trim({{ text }})) = 10 then ' 00:00:00' else '' end
            || coalesce(nullif(regexp_extract({{ text }}, {{ regex(stamp_pattern()) }}, 2), ''), '+00:00')
            as timestamp
        )
{%- endmacro %}

{# The stamps of X API v1.1, such as Mon Nov 29 21:18:15 +0000 2006. #}
{% macro v1_timestamp(text) -%}
    {{ return(adapter.dispatch('v1_timestamp', 'influx_m2')(text)) }}
{%- endmacro %}

{% macro default__v1_timestamp(text) -%}
    try_strptime({{ text }}, '%a %b %d %H:%M:%S %z %Y') at time zone 'UTC'
{%- endmacro %}

{# Spark reads no day of the week. #}
{% macro spark__v1_timestamp(text) -%}
    try_to_timestamp(substr({{ text }}, 5), 'MMM dd HH:mm:ss xx yyyy')
{%- endmacro %}

{% macro stamp_pattern() -%}
    ^\s*(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})?(?:Z|[+-]\d{2}:?\d{2})?\s*$
{%- endmacro %}

{% macro has_doubled_zone(text) -%}
    coalesce({{ matches(text, ':\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:?\\d{2})(Z|[+-]\\d{2}:?\\d{2})\\s*$') }}, false)
{%- endmacro %}

{# A UTC timestamp -> RFC 3339 text with all six decimals: a stamp that is read back is the same stamp. #}
{% macro rfc3339(value) -%}
    {{ return(adapter.dispatch('rfc3339', 'influx_m2')(value)) }}
{%- endmacro %}

{% macro default__rfc3339(value) -%}
    strftime({{ value }}, '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro %}

{% macro spark__rfc3339(value) -%}
    date_format({{ value }}, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
{%- endmacro %}

{# Whole days elapsed, not midnights in between. #}
{% macro whole_days(earlier, later) -%}
    {{ return(adapter.dispatch('whole_days', 'influx_m2')(earlier, later)) }}
{%- endmacro %}

{% macro default__whole_days(earlier, later) -%}
    date_sub('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro spark__whole_days(earlier, later) -%}
    timestampdiff(day, {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro microseconds(earlier, later) -%}
    {{ return(adapter.dispatch('microseconds', 'influx_m2')(earlier, later)) }}
{%- endmacro %}

{% macro default__microseconds(earlier, later) -%}
    date_diff('microsecond', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro spark__microseconds(earlier, later) -%}
    timestampdiff(microsecond, {{ earlier }}, {{ later }})
{%- endmacro %}
