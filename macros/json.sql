{#
    JSON text as a struct, from a structure such as {"id": "VARCHAR", "sources": [{"method": "VARCHAR"}]}: what is not
    there, or not of the type, is null. On Spark by way of a variant, for its from_json takes no number from a text, nor
    a text from a number.
#}
{% macro json_as(text, structure) -%}
    {%- if target.type == 'duckdb' -%}
    from_json({{ text }}, '{{ structure }}')
    {%- else -%}
    try_variant_get(try_parse_json({{ text }}), '$', '{{ spark_type_of_json(fromjson(structure)) }}')
    {%- endif -%}
{%- endmacro %}

{% macro spark_type_of_json(structure) -%}
    {%- if structure is mapping -%}
        {%- set fields = [] -%}
        {%- for name, type in structure.items() -%}
            {%- do fields.append('`' ~ name ~ '`: ' ~ spark_type_of_json(type)) -%}
        {%- endfor -%}
        {%- do return('struct<' ~ fields | join(', ') ~ '>') -%}
    {%- elif structure is string -%}
        {%- do return({'VARCHAR': 'string', 'JSON': 'string'}.get(structure, structure | lower)) -%}
    {%- else -%}
        {%- do return('array<' ~ spark_type_of_json(structure[0]) ~ '>') -%}
    {%- endif -%}
{%- endmacro %}

{#
    Every path of a JSON column, down to the sixth level: the columns that come along, fullkey ($.a.b[0], $ for the whole),
    parent (the same of what holds it), type (OBJECT, ARRAY, or of the value) and atom (the value as text).
#}
{% macro json_paths(relation, columns, column) -%}
    {%- if target.type == 'duckdb' -%}
    select
        {% for name in columns -%}
        {{ relation }}.{{ name }},
        {% endfor -%}
        found.fullkey,
        found.path as parent,
        found.type,
        found.atom ->> '$' as atom
    from {{ relation }}
    cross join json_tree(cast({{ relation }}.{{ column }} as json)) as found
    {%- else -%}
    with recursive tree ({{ columns | join(', ') }}, fullkey, parent, node, depth) as (
        select
            {{ columns | join(', ') }},
            '$',
            cast(null as string),
            parse_json({{ column }}),
            0
        from {{ relation }}
        union all
        select
            {{ columns | join(', ') }},
            tree.fullkey || case
                when found.key is null then '[' || found.pos || ']'
                when found.key rlike {{ regex('^[A-Za-z0-9_]+$') }} then '.' || found.key
                else '."' || found.key || '"'
            end,
            tree.fullkey,
            found.value,
            tree.depth + 1
        from tree
        cross join lateral variant_explode(tree.node) as found
        where tree.depth < 6
    )

    select
        {{ columns | join(', ') }},
        fullkey,
        parent,
        case
            when schema_of_variant(node) like 'OBJECT%' then 'OBJECT'
            when schema_of_variant(node) like 'ARRAY%' then 'ARRAY'
            else 'VARCHAR'
        end as type,
        try_variant_get(node, '$', 'string') as atom
    from tree
    {%- endif -%}
{%- endmacro %}
