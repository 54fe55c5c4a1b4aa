{# The outcomes that explain why a handle of a harvest is in the release or not; one that is not known is none. #}
{% macro explained_outcomes() -%}
    ('found', 'fetched_today', 'suspended', 'not_found', 'protected', 'withheld', 'missing')
{%- endmacro %}

{# One measure of a gate, by which a criterion is judged. #}
{% macro gate_measure(position, criterion, measure, comparison, unit, value, counted, meaning) -%}
    {{ struct_of({
        'position': position,
        'criterion': "'" ~ criterion ~ "'",
        'measure': "'" ~ measure ~ "'",
        'comparison': "'" ~ comparison ~ "'",
        'unit': "'" ~ unit ~ "'",
        'value': 'cast(' ~ value ~ ' as double)',
        'counted': 'cast(' ~ counted ~ ' as bigint)',
        'meaning': meaning,
    }) }}
{%- endmacro %}

{# Numbers as people write them: up to four decimals and none that says nothing, or always one. #}
{% macro number_text(value) -%}
    regexp_replace(cast(cast({{ value }} as decimal(18, 4)) as string), {{ regex('\\.?0+$') }}, '')
{%- endmacro %}

{% macro tenths_text(value) -%}
    cast(cast({{ value }} as decimal(18, 1)) as string)
{%- endmacro %}
