{#
    A stamp as text -> a UTC timestamp, or null. Real files hold doubled zone suffixes (+00:00Z, +00:00+00:00):
    the first one counts. No zone means UTC; an empty string is null. The first branch is the form that X
    itself writes and costs no regular expression.
#}
{% macro utc_timestamp(text) -%}
    case
        when {{ text }} is null or {{ text }} = '' then null
        when {{ text }} like '____-__-__T__:__:__%Z'
            and length({{ text }}) in (20, 24, 27)
            and strpos({{ text }}, '+') = 0
            and not ends_with({{ text }}, 'ZZ')
            then try_cast({{ text }} as timestamp)
        else try_cast(
            nullif(regexp_extract({{ text }}, '{{ stamp_pattern() }}', 1), '')
            || case when length(trim({{ text }})) = 10 then ' 00:00:00' else '' end
            || coalesce(nullif(regexp_extract({{ text }}, '{{ stamp_pattern() }}', 2), ''), '+00:00')
            as timestamptz
        ) at time zone 'UTC'
    end
{%- endmacro %}

{% macro stamp_pattern() -%}
    ^\s*(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})?(?:Z|[+-]\d{2}:?\d{2})?\s*$
{%- endmacro %}

{% macro has_doubled_zone(text) -%}
    coalesce(regexp_matches({{ text }}, ':\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})(Z|[+-]\d{2}:?\d{2})\s*$'), false)
{%- endmacro %}

{# A UTC timestamp -> RFC 3339 text with all six decimals: a stamp that is read back is the same stamp. #}
{% macro rfc3339(value) -%}
    strftime({{ value }}, '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro %}
