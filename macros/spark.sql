{#
    What dbt does of itself, as Spark wants it. The raw layer of Spark is what `influx-m2 lake` wrote, where INFLUX_LAKE says;
    every build is of everything there.
#}
{% macro raw_layer_of_lake(newest) -%}
    {%- if execute -%}
        {%- set lake = env_var('INFLUX_LAKE', '') -%}
        {%- if not (lake.startswith('/') or '://' in lake) -%}
            {%- do exceptions.raise_compiler_error(
                'INFLUX_LAKE names no lake: set it to the whole path, or the address, that influx-m2 lake wrote to'
            ) -%}
        {%- endif -%}
        {%- set layout = run_query('select max(version) from parquet.`' ~ lake ~ '/layout`')[0][0] -%}
        {%- if layout != newest -%}
            {%- do exceptions.raise_compiler_error(
                'the lake has layout ' ~ layout ~ ', and this version of influx-m2 reads ' ~ newest
                ~ ': write it anew with influx-m2 lake'
            ) -%}
        {%- endif -%}
        {%- do run_query('create schema if not exists raw') -%}
        {%- for source in graph.sources.values() -%}
            {%- do run_query('drop table if exists raw.' ~ source.name) -%}
            {%- do run_query(
                'create table raw.' ~ source.name ~ " using parquet location '" ~ lake ~ '/' ~ source.name ~ "'"
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# Seeds as literals: dbt-spark turns a null into the text None, and has no word for a quotation mark. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set value = row[name] -%}
            {%- set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
            {%- do values.append(
                'cast(' ~ ('null' if value is none else spark_literal(value | string))
                ~ ' as ' ~ type ~ ')'
            ) -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- set writing = 'insert into ' ~ this ~ ' values ' ~ rows | join(', ') -%}
        {%- do adapter.add_query(writing, abridge_sql_log=True) -%}
        {%- do return(writing) -%}
    {%- endif -%}
{%- endmacro %}

{# Parquet keeps no constraint: what a contract says of nulls is looked at once the table is written. #}
{% macro spark__persist_constraints(relation, model) -%}
    {%- for column in model.columns.values() -%}
        {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {%- set nulls = 'select count(*) from ' ~ relation ~ ' where ' ~ column.name ~ ' is null' -%}
            {%- if run_query(nulls)[0][0] -%}
                {%- do exceptions.raise_compiler_error(relation ~ '.' ~ column.name ~ ' must not be null, and is') -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# In a text of Spark's a backslash escapes, itself too. #}
{% macro spark__escape_single_quotes(expression) -%}
    {{ expression | replace('\\', '\\\\') | replace("'", "''") }}
{%- endmacro %}

{#
    In place of dbt's own safe_cast, which casts each value of a unit test's rows and would ask for an engine's words each
    time. They hold lists and mappings, which DuckDB reads as they print, and texts that dbt has made literals of.
#}
{% macro safe_cast(field, type) -%}
    {%- if target.type == 'duckdb' -%}
    cast({{ field }} as {{ type }})
    {%- else -%}
    try_cast({{ field if field is string else spark_literal(field) }} as {{ spark_type(type) }})
    {%- endif -%}
{%- endmacro %}

{% macro spark_literal(value) -%}
    {%- if value is string -%}
        {%- do return(string_literal(escape_single_quotes(value))) -%}
    {%- elif value is mapping -%}
        {%- set fields = {} -%}
        {%- for name, field in value.items() -%}
            {%- do fields.update({name: spark_literal(field)}) -%}
        {%- endfor -%}
        {%- do return(struct_of(fields)) -%}
    {%- elif value is sequence -%}
        {%- set items = [] -%}
        {%- for item in value -%}
            {%- do items.append(spark_literal(item)) -%}
        {%- endfor -%}
        {%- do return(array_of(items)) -%}
    {%- else -%}
        {%- do return('null' if value is none else value | string) -%}
    {%- endif -%}
{%- endmacro %}

{# The types of contracts, which are DuckDB's, as Spark calls them. #}
{% macro spark_type(type) -%}
    {%- set name = type | lower -%}
    {%- if name.endswith('[]') -%}
        {%- do return('array<' ~ spark_type(name[:-2]) ~ '>') -%}
    {%- elif name.startswith('struct(') -%}
        {%- set fields = [] -%}
        {%- for field in name[7:-1].split(', ') -%}
            {%- do fields.append(field.split(' ')[0] ~ ': ' ~ spark_type(field.split(' ')[1])) -%}
        {%- endfor -%}
        {%- do return('struct<' ~ fields | join(', ') ~ '>') -%}
    {%- endif -%}
    {%- do return({'varchar': 'string'}.get(name, name)) -%}
{%- endmacro %}

{% macro spark__get_empty_schema_sql(columns) -%}
    select
    {% for column in columns.values() -%}
        cast(null as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ', ' if not loop.last }}
    {%- endfor %}
    limit 0
{%- endmacro %}
