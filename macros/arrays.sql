{#
    Arrays and structs, which no two engines write alike. An `item` is the name by which an expression speaks of one
    element.
#}
{% macro array_of(items) -%}
    {%- if target.type == 'duckdb' -%}
    [{{ items | join(', ') }}]
    {%- else -%}
    array({{ items | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{# A mapping of names to expressions. #}
{% macro struct_of(fields) -%}
    {%- if target.type == 'duckdb' -%}
    {% raw %}{{% endraw %}
    {%- for name, value in fields.items() -%}'{{ name }}': {{ value }}{{ ', ' if not loop.last }}{%- endfor -%}
    {% raw %}}{% endraw %}
    {%- else -%}
    named_struct({% for name, value in fields.items() -%}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{%- endfor %})
    {%- endif -%}
{%- endmacro %}

{% macro array_size(array) -%}
    {%- if target.type == 'duckdb' -%}
    len({{ array }})
    {%- else -%}
    array_size({{ array }})
    {%- endif -%}
{%- endmacro %}

{# A row an element, as the only such expression of a select and not within another. #}
{% macro unnested(array) -%}
    {%- if target.type == 'duckdb' -%}
    unnest({{ array }})
    {%- else -%}
    explode({{ array }})
    {%- endif -%}
{%- endmacro %}

{# A row a struct, its fields as columns. #}
{% macro unnested_fields(structs) -%}
    {%- if target.type == 'duckdb' -%}
    unnest([{{ structs | join(', ') }}], recursive := true)
    {%- else -%}
    inline(array({{ structs | join(', ') }}))
    {%- endif -%}
{%- endmacro %}

{% macro array_where(array, item, condition) -%}
    {%- if target.type == 'duckdb' -%}
    list_filter({{ array }}, lambda {{ item }}: {{ condition }})
    {%- else -%}
    filter({{ array }}, {{ item }} -> {{ condition }})
    {%- endif -%}
{%- endmacro %}

{% macro array_map(array, item, expression) -%}
    {%- if target.type == 'duckdb' -%}
    list_transform({{ array }}, lambda {{ item }}: {{ expression }})
    {%- else -%}
    transform({{ array }}, {{ item }} -> {{ expression }})
    {%- endif -%}
{%- endmacro %}

{# The sum of an expression over the elements, from the first to the last; null of no element. #}
{% macro array_sum(array, item, expression) -%}
    {%- if target.type == 'duckdb' -%}
    list_sum(list_transform({{ array }}, lambda {{ item }}: {{ expression }}))
    {%- else -%}
    case
            when array_size({{ array }}) > 0
                then aggregate({{ array }}, cast(0 as double), (summed, {{ item }}) -> summed + {{ expression }})
        end
    {%- endif -%}
{%- endmacro %}

{# The elements in their order, without those that an earlier one has the key of; `keys` stand in the order of the elements. #}
{% macro array_first_of_each(array, keys) -%}
    {%- if target.type == 'duckdb' -%}
    list_select(
            {{ array }},
            list_filter(
                generate_series(1, len({{ array }})), lambda place: list_position({{ keys }}, {{ keys }}[place]) = place
            )
        )
    {%- else -%}
    filter({{ array }}, (element, place) -> array_position({{ keys }}, {{ keys }}[place]) = place + 1)
    {%- endif -%}
{%- endmacro %}

{# The first element, null of none. #}
{% macro array_first(array) -%}
    {%- if target.type == 'duckdb' -%}
    {{ array }}[1]
    {%- else -%}
    get({{ array }}, 0)
    {%- endif -%}
{%- endmacro %}

{% macro array_text(array, separator) -%}
    {%- if target.type == 'duckdb' -%}
    array_to_string({{ array }}, {{ separator }})
    {%- else -%}
    array_join({{ array }}, {{ separator }})
    {%- endif -%}
{%- endmacro %}

{# Aggregates: the values of a group as an array in the order of a column of theirs, or of their own. #}
{% macro array_ordered_by(value, order) -%}
    {%- if target.type == 'duckdb' -%}
    list({{ value }} order by {{ order }})
    {%- else -%}
    transform(array_sort(collect_list(struct({{ order }} as place, {{ value }} as value))), element -> element.value)
    {%- endif -%}
{%- endmacro %}

{# The distinct values, nulls apart, in their own order; an empty array of none. #}
{% macro array_of_distinct(value) -%}
    {%- if target.type == 'duckdb' -%}
    coalesce(list_sort(list(distinct {{ value }}) filter (where {{ value }} is not null)), [])
    {%- else -%}
    array_sort(collect_set({{ value }}))
    {%- endif -%}
{%- endmacro %}

{# All elements of arrays, one after the other. #}
{% macro array_of_arrays(arrays) -%}
    {%- if target.type == 'duckdb' -%}
    flatten(list({{ arrays }}))
    {%- else -%}
    flatten(collect_list({{ arrays }}))
    {%- endif -%}
{%- endmacro %}

{# The texts of a group in an order, joined; `condition` says which. #}
{% macro text_of_group(text, separator, order, condition) -%}
    {%- if target.type == 'duckdb' -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order }}) filter (where {{ condition }})
    {%- else -%}
    string_agg({{ text }}, '{{ separator }}') within group (order by {{ order }}) filter (where {{ condition }})
    {%- endif -%}
{%- endmacro %}
