{# The metrics of a data set record, as they may lie in any of its four places. #}
{% macro metrics_json() -%}
    {"tweet_count": "BIGINT", "total_like_count": "BIGINT", "like_count": "BIGINT", "media_count": "BIGINT",
     "listed_count": "BIGINT", "following_count": "BIGINT", "posts_30d": "BIGINT",
     "window_days": "INTEGER", "account_created_at": "VARCHAR",
     "pinned_tweet_id": "VARCHAR", "most_recent_tweet_id": "VARCHAR", "last_captured_at": "VARCHAR"}
{%- endmacro %}

{% macro first_metric(name) -%}
    {{ count_of("coalesce(in_meta." ~ name ~ ", in_ext." ~ name ~ ", in_public." ~ name ~ ", x." ~ name ~ ")") }}
{%- endmacro %}

{# The same for text, where an empty string is null. #}
{% macro first_text(name) -%}
    coalesce(
            nullif(in_meta.{{ name }}, ''), nullif(in_ext.{{ name }}, ''),
            nullif(in_public.{{ name }}, ''), nullif(x.{{ name }}, '')
        )
{%- endmacro %}
