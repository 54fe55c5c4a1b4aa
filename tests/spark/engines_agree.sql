-- Each macro that is written differently for another engine, against what it is to give, as text: the same rows on all.
-- Both tests/spark and tests/python/test_dbt_project.py ask it of dbt, and the latter misses a macro that is missing.
{%- set tags = array_of(["'b'", "'a'", "'b'"]) -%}
{%- set numbers = array_of(['1', '2', '3']) -%}
{%- set nobody = array_where(numbers, 'n', 'n > 3') -%}
{%- set stamp = utc_timestamp("'2025-11-28T06:00:00.000001Z'") -%}
{%- set json = json_as(
    "'{\"a\": \"12\", \"b\": 7, \"c\": {\"d\": [1, \"x\"]}, \"e\": true, \"f\": \"many\", \"G\": null}'",
    '{"a": "BIGINT", "b": "VARCHAR", "c": {"d": ["VARCHAR"]}, "e": "BOOLEAN", "f": "BIGINT", "G": "VARCHAR", "h": "JSON"}'
) %}
with

numbered (n, word, keep) as (

    values
    (2, 'b', true),
    (1, 'a', true),
    (3, 'a', false)

),

read as (

    select {{ json }} as x

),

given (macro, given, expected) as (

    select
        'array_of' as macro,
        {{ array_text(tags, "'|'") }} as given,
        'b|a|b' as expected
    {% for macro, value, expected in [
        ('array_of', array_size(array_of([])), '0'),
        ('array_size', array_size(tags), '3'),
        ('array_first', array_first(tags), 'b'),
        ('array_first', array_first(nobody), none),
        ('array_text', array_text(array_of(["'x'"]), "'|'"), 'x'),
        ('array_where', array_text(array_where(tags, 't', "t <> 'b'"), "'|'"), 'a'),
        ('array_map', array_text(array_map(tags, 't', "t || '!'"), "'|'"), 'b!|a!|b!'),
        ('array_sum', 'cast(' ~ array_sum(numbers, 'n', 'n * 2') ~ ' as bigint)', '12'),
        ('array_sum', array_sum(nobody, 'n', 'n'), none),
        ('array_first_of_each', array_text(array_first_of_each(tags, tags), "'|'"), 'b|a'),
        ('struct_of', struct_of({'a': '1', 'b': "'x'"}) ~ '.b', 'x'),
        ('utc_timestamp', rfc3339(utc_timestamp("'2025-11-28'")), '2025-11-28T00:00:00.000000Z'),
        ('utc_timestamp', rfc3339(utc_timestamp("'2025-11-28 06:00:00+05:30'")), '2025-11-28T00:30:00.000000Z'),
        ('utc_timestamp', rfc3339(utc_timestamp("'2025-11-28T06:00:00+0000Z'")), '2025-11-28T06:00:00.000000Z'),
        ('utc_timestamp', rfc3339(utc_timestamp("'2025-02-30T06:00:00Z'")), none),
        ('utc_timestamp', rfc3339(utc_timestamp("'last week'")), none),
        ('utc_timestamp', rfc3339(utc_timestamp("''")), none),
        ('rfc3339', rfc3339(stamp), '2025-11-28T06:00:00.000001Z'),
        ('v1_timestamp', rfc3339(v1_timestamp("'Wed Nov 29 21:18:15 +0100 2006'")), '2006-11-29T20:18:15.000000Z'),
        ('v1_timestamp', rfc3339(v1_timestamp("'2006-11-29'")), none),
        ('whole_days', whole_days("timestamp '2025-11-26 06:00:00'", "timestamp '2025-11-28 05:59:59'"), '1'),
        ('microseconds', microseconds("timestamp '2025-11-28 06:00:00'", stamp), '1'),
        ('moment_of_milliseconds', rfc3339(moment_of_milliseconds('1288834974657')), '2010-11-04T01:42:54.657000Z'),
        ('matches', matches("'a.b'", '^a\\.b$'), 'true'),
        ('matches', matches("'a.b' || chr(10)", '^a\\.b$'), 'false'),
        ('matches', matches("'naïve'", '^\\p{L}+$'), 'true'),
        ('regex', 'regexp_extract(\'id 12\', ' ~ regex('\\d+') ~ ', 0)', '12'),
        ('matches_pattern', matches_pattern("'x' || chr(10) || 'ÄB.c'", "'^äb[.]'"), 'true'),
        ('passes_screen', passes_screen("'anything'", 'no_such_kind'), 'true'),
        ('is_no_pattern', is_no_pattern("'a+'"), 'false'),
        ('replace_all', replace_all("'aBcD'", '([a-z])([A-Z])', '\\1 \\2'), 'a Bc D'),
        ('split_at', array_text(split_at("'a;b|c'", '[;|]'), "'/'"), 'a/b/c'),
        ('keyword_stretches', 'cast(' ~ array_text(keyword_stretches("'ai and'"), "''") ~ " like '%ai%' as string)", 'true'),
        ('round_half_even', round_half_even('24.25e0'), '24.2'),
        ('round_half_even', round_half_even('24.35e0'), '24.4'),
        ('round_half_even', round_half_even('-0.05e0 - 0.1e0'), '-0.2'),
        ('wide_integer', 'cast(cast(10000000000 as ' ~ wide_integer() ~ ') * 10000000000 as string)', '100000000000000000000'),
        ('sha256_of', 'left(' ~ sha256_of("'é'") ~ ', 8)', '4a99557e'),
    ] -%}
    union all
    select
        '{{ macro }}' as macro,
        cast({{ value }} as string) as given,
        {{ 'cast(null as string)' if expected is none else "'" ~ expected ~ "'" }} as expected
    {% endfor -%}
    {% for field, expected in {'a': '12', 'b': '7', 'e': 'true', 'f': none, 'g': none, 'h': none}.items() -%}
    union all
    select
        'json_as' as macro,
        cast(x.{{ field }} as string) as given,
        {{ 'cast(null as string)' if expected is none else "'" ~ expected ~ "'" }} as expected
    from read
    {% endfor -%}
    union all
    select
        'json_as' as macro,
        {{ array_text('x.c.d', "'|'") }} as given,
        '1|x' as expected
    from read
    union all
    select
        'array_ordered_by' as macro,
        {{ array_text(array_ordered_by('word', 'n'), "'|'") }} as given,
        'a|b|a' as expected
    from numbered
    union all
    select
        'array_of_distinct' as macro,
        {{ array_text(array_of_distinct("nullif(word, 'c')"), "'|'") }} as given,
        'a|b' as expected
    from numbered
    union all
    select
        'array_of_distinct' as macro,
        cast({{ array_size(array_of_distinct('word')) }} as string) as given,
        '0' as expected
    from numbered
    where n > 3
    union all
    select
        'array_of_arrays' as macro,
        cast({{ array_size(array_of_arrays(array_of(['word', 'word']))) }} as string) as given,
        '6' as expected
    from numbered
    union all
    select
        'text_of_group' as macro,
        {{ text_of_group('word', '; ', 'n', 'keep') }} as given,
        'a; b' as expected
    from numbered

)

select * from given
