{#
    Arrays and structs, which no two engines write alike. Each macro has DuckDB's words first and Spark's after; an
    `item` is the name by which an expression speaks of one element.
#}
{% macro array_of(items) -%}
    {{ return(adapter.dispatch('array_of', 'influx_m2')(items)) }}
{%- endmacro %}

{% macro default__array_of(items) -%}
    [{{ items | join(', ') }}]
{%- endmacro %}

{% macro spark__array_of(items) -%}
    array({{ items | join(', ') }})
{%- endmacro %}

{# A mapping of names to expressions. #}
{% macro struct_of(fields) -%}
    {{ return(adapter.dispatch('struct_of', 'influx_m2')(fields)) }}
{%- endmacro %}

{% macro default__struct_of(fields) -%}
    {% raw %}{{% endraw %}
    {%- for name, value in fields.items() -%}'{{ name }}': {{ value }}{{ ', ' if not loop.last }}{%- endfor -%}
    {% raw %}}{% endraw %}
{%- endmacro %}

{% macro spark__struct_of(fields) -%}
    named_struct({% for name, value in fields.items() -%}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{%- endfor %})
{%- endmacro %}

{% macro array_size(array) -%}
    {{ return(adapter.dispatch('array_size', 'influx_m2')(array)) }}
{%- endmacro %}

{% macro default__array_size(array) -%}
    len({{ array }})
{%- endmacro %}

{% macro spark__array_size(array) -%}
    array_size({{ array }})
{%- endmacro %}

{# A row an element, as the only such expression of a select and not within another. #}
{% macro unnested(array) -%}
    {{ return(adapter.dispatch('unnested', 'influx_m2')(array)) }}
{%- endmacro %}

{% macro default__unnested(array) -%}
    unnest({{ array }})
{%- endmacro %}

{% macro spark__unnested(array) -%}
    explode({{ array }})
{%- endmacro %}

{# A row a struct, its fields as columns. #}
{% macro unnested_fields(structs) -%}
    {{ return(adapter.dispatch('unnested_fields', 'influx_m2')(structs)) }}
{%- endmacro %}

{% macro default__unnested_fields(structs) -%}
    unnest([{{ structs | join(', ') }}], recursive := true)
{%- endmacro %}

{% macro spark__unnested_fields(structs) -%}
    inline(array({{ structs | join(', ') }}))
{%- endmacro %}

{% macro array_where(array, item, condition) -%}
    {{ return(adapter.dispatch('array_where', 'influx_m2')(array, item, condition)) }}
{%- endmacro %}

{% macro default__array_where(array, item, condition) -%}
    list_filter({{ array }}, lambda {{ item }}: {{ condition }})
{%- endmacro %}

{% macro spark__array_where(array, item, condition) -%}
    filter({{ array }}, {{ item }} -> {{ condition }})
{%- endmacro %}

{% macro array_map(array, item, expression) -%}
    {{ return(adapter.dispatch('array_map', 'influx_m2')(array, item, expression)) }}
{%- endmacro %}

{% macro default__array_map(array, item, expression) -%}
    list_transform({{ array }}, lambda {{ item }}: {{ expression }})
{%- endmacro %}

{% macro spark__array_map(array, item, expression) -%}
    transform({{ array }}, {{ item }} -> {{ expression }})
{%- endmacro %}

{# The sum of an expression over the elements, from the first to the last; null of no element. #}
{% macro array_sum(array, item, expression) -%}
    {{ return(adapter.dispatch('array_sum', 'influx_m2')(array, item, expression)) }}
{%- endmacro %}

{% macro default__array_sum(array, item, expression) -%}
    list_sum(list_transform({{ array }}, lambda {{ item }}: {{ expression }}))
{%- endmacro %}

{% macro spark__array_sum(array, item, expression) -%}
    case
            when array_size({{ array }}) > 0
                then aggregate({{ array }}, cast(0 as double), (summed, {{ item }}) -> summed + {{ expression }})
        end
{%- endmacro %}

{# The elements in their order, without those that an earlier one has the key of; `keys` stand in the order of the elements. #}
{% macro array_first_of_each(array, keys) -%}
    {{ return(adapter.dispatch('array_first_of_each', 'influx_m2')(array, keys)) }}
{%- endmacro %}

{% macro default__array_first_of_each(array, keys) -%}
    list_select(
            {{ array }},
            list_filter(
                generate_series(1, len({{ array }})), lambda place: list_position({{ keys }}, {{ keys }}[place]) = place
            )
        )
{%- endmacro %}

{% macro spark__array_first_of_each(array, keys) -%}
    filter({{ array }}, (element, place) -> array_position({{ keys }}, {{ keys }}[place]) = place + 1)
{%- endmacro %}

{# The first element, null of none. #}
{% macro array_first(array) -%}
    {{ return(adapter.dispatch('array_first', 'influx_m2')(array)) }}
{%- endmacro %}

{% macro default__array_first(array) -%}
    {{ array }}[1]
{%- endmacro %}

{% macro spark__array_first(array) -%}
    get({{ array }}, 0)
{%- endmacro %}

{% macro array_text(array, separator) -%}
    {{ return(adapter.dispatch('array_text', 'influx_m2')(array, separator)) }}
{%- endmacro %}

{% macro default__array_text(array, separator) -%}
    array_to_string({{ array }}, {{ separator }})
{%- endmacro %}

{% macro spark__array_text(array, separator) -%}
    array_join({{ array }}, {{ separator }})
{%- endmacro %}

{# Aggregates: the values of a group as an array in the order of a column of theirs, or of their own. #}
{% macro array_ordered_by(value, order) -%}
    {{ return(adapter.dispatch('array_ordered_by', 'influx_m2')(value, order)) }}
{%- endmacro %}

{% macro default__array_ordered_by(value, order) -%}
    list({{ value }} order by {{ order }})
{%- endmacro %}

{% macro spark__array_ordered_by(value, order) -%}
    transform(array_sort(collect_list(struct({{ order }} as place, {{ value }} as value))), element -> element.value)
{%- endmacro %}

{# The distinct values, nulls apart, in their own order; an empty array of none. #}
{% macro array_of_distinct(value) -%}
    {{ return(adapter.dispatch('array_of_distinct', 'influx_m2')(value)) }}
{%- endmacro %}

{% macro default__array_of_distinct(value) -%}
    coalesce(list_sort(list(distinct {{ value }}) filter (where {{ value }} is not null)), [])
{%- endmacro %}

{% macro spark__array_of_distinct(value) -%}
    array_sort(collect_set({{ value }}))
{%- endmacro %}

{# All elements of arrays, one after the other. #}
{% macro array_of_arrays(arrays) -%}
    {{ return(adapter.dispatch('array_of_arrays', 'influx_m2')(arrays)) }}
{%- endmacro %}

{% macro default__array_of_arrays(arrays) -%}
    flatten(list({{ arrays }}))
{%- endmacro %}

{% macro spark__array_of_arrays(arrays) -%}
    flatten(collect_list({{ arrays }}))
{%- endmacro %}

{# The texts of a group in an order, joined; `condition` says which. #}
{% macro text_of_group(text, separator, order, condition) -%}
    {{ return(adapter.dispatch('text_of_group', 'influx_m2')(text, separator, order, condition)) }}
{%- endmacro %}

{% macro default__text_of_group(text, separator, order, condition) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__text_of_group(text, separator, order, condition) -%}
    string_agg({{ text }}, '{{ separator }}') within group (order by {{ order }}) filter (where {{ condition }})
{%- endmacro %}
