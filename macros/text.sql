{# Lower case as Python and Java have it: DuckDB alone turns a dotted capital I into a plain i. #}
{% macro lower_text(text) -%}
    lower(case when contains({{ text }}, 'İ') then replace({{ text }}, 'İ', 'i̇') else {{ text }} end)
{%- endmacro %}

{# Text as words between single spaces, so that a whole word is found by ' word '. #}
{% macro as_words(text) -%}
    ' ' || trim({{ replace_all(lower_text(text), '[^\\p{L}\\p{N}]+', ' ') }}) || ' '
{%- endmacro %}

{# Text without NUL, which JSON can carry and most readers of a release cannot. To look is far cheaper than to replace. #}
{% macro without_nul(text) -%}
    case when contains({{ text }}, chr(0)) then replace({{ text }}, chr(0), '') else {{ text }} end
{%- endmacro %}

{#
    The stretches of a text (lower case, fields apart by a NUL) in which m2.1 may find a keyword: words that begin as a
    word of a keyword does, as many as follow each other. A keyword is such words and nothing else, so that each one
    in the text lies within one stretch. Most texts have few or none, and are read no further. The pattern is a variable
    of the connection, as in patterns.sql; where there is none (unit tests run no hooks, Spark has no such variable) the text is
    one stretch: the same keywords, found by reading all of it.
#}
{% macro set_keyword_stretches() -%}
    {%- if target.type == 'duckdb' -%}
    set variable keyword_stretches = (
        select
            '(?:^|[^\p{L}\p{N}])(?:' || string_agg(distinct word, '|') || ')[\p{L}\p{N}]*'
            || '(?:[^\p{L}\p{N}\x00]+(?:' || string_agg(distinct word, '|') || ')[\p{L}\p{N}]*)*'
        from (
            select unnest(string_split(keyword, ' ')) as word
            from {{ ref('keywords') }}
            where model_version = 'm2.1'
        )
    )
    {%- endif -%}
{%- endmacro %}

{% macro keyword_stretches(text) -%}
    {%- if target.type == 'duckdb' -%}
    coalesce(regexp_extract_all({{ text }}, getvariable('keyword_stretches')), string_split({{ text }}, chr(0)))
    {%- else -%}
    array({{ text }})
    {%- endif -%}
{%- endmacro %}

{# SHA-256 as hexadecimal digits. #}
{% macro sha256_of(text) -%}
    {%- if target.type == 'duckdb' -%}
    sha256({{ text }})
    {%- else -%}
    sha2({{ text }}, 256)
    {%- endif -%}
{%- endmacro %}
