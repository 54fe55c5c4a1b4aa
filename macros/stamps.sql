{#
    A stamp as text -> a UTC timestamp, or null. Real files hold doubled zone suffixes (+00:00Z, +00:00+00:00):
    the first one counts. No zone means UTC; an empty string is null. The first branch is the form that X
    itself writes and costs no regular expression.
#}
{% macro utc_timestamp(text) -%}
    {%- set with_one_zone -%}
            nullif(regexp_extract({{ text }}, {{ regex(stamp_pattern()) }}, 1), '')
            || case when length(trim({{ text }})) = 10 then ' 00:00:00' else '' end
            || coalesce(nullif(regexp_extract({{ text }}, {{ regex(stamp_pattern()) }}, 2), ''), '+00:00')
    {%- endset -%}
    {%- if target.type == 'duckdb' -%}
    case
        when {{ text }} is null or {{ text }} = '' then null
        when {{ text }} like '____-__-__T__:__:__%Z'
            and length({{ text }}) in (20, 24, 27)
            and strpos({{ text }}, '+') = 0
            and not ends_with({{ text }}, 'ZZ')
            then try_cast({{ text }} as timestamp)
        else try_cast(
            {{ with_one_zone }}
            as timestamptz
        ) at time zone 'UTC'
    end
    {%- else -%}
    try_cast(
            {{ with_one_zone }}
            as timestamp
        )
    {%- endif -%}
{%- endmacro %}

{# The stamps of X API v1.1, such as Mon Nov 29 21:18:15 +0000 2006; Spark reads no day of the week. #}
{% macro v1_timestamp(text) -%}
    {%- if target.type == 'duckdb' -%}
    try_strptime({{ text }}, '%a %b %d %H:%M:%S %z %Y') at time zone 'UTC'
    {%- else -%}
    try_to_timestamp(substr({{ text }}, 5), 'MMM dd HH:mm:ss xx yyyy')
    {%- endif -%}
{%- endmacro %}

{% macro stamp_pattern() -%}
    ^\s*(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})?(?:Z|[+-]\d{2}:?\d{2})?\s*$
{%- endmacro %}

{% macro has_doubled_zone(text) -%}
    coalesce({{ matches(text, ':\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:?\\d{2})(Z|[+-]\\d{2}:?\\d{2})\\s*$') }}, false)
{%- endmacro %}

{# A UTC timestamp -> RFC 3339 text with all six decimals: a stamp that is read back is the same stamp. #}
{% macro rfc3339(value) -%}
    {%- if target.type == 'duckdb' -%}
    strftime({{ value }}, '%Y-%m-%dT%H:%M:%S.%fZ')
    {%- else -%}
    date_format({{ value }}, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
    {%- endif -%}
{%- endmacro %}

{# Whole days elapsed, not midnights in between. #}
{% macro whole_days(earlier, later) -%}
    {%- if target.type == 'duckdb' -%}
    date_sub('day', {{ earlier }}, {{ later }})
    {%- else -%}
    timestampdiff(day, {{ earlier }}, {{ later }})
    {%- endif -%}
{%- endmacro %}

{% macro microseconds(earlier, later) -%}
    {%- if target.type == 'duckdb' -%}
    date_diff('microsecond', {{ earlier }}, {{ later }})
    {%- else -%}
    timestampdiff(microsecond, {{ earlier }}, {{ later }})
    {%- endif -%}
{%- endmacro %}
