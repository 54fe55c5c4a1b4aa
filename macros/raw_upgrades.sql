{#
    The raw layer made ready: the tables that are missing, and an older warehouse taken to the present layout, all of it or
    nothing. Opening a warehouse for writing does the same from the same statements; a newer one is left alone by both.
#}
{% macro raw_layer() -%}
    {%- set upgrades = [raw_layout_2()] -%}
    {%- set newest = 1 + upgrades | length -%}
    {{ raw_layer_of_warehouse(newest, upgrades) if target.type == 'duckdb' else raw_layer_of_lake(newest) }}
{%- endmacro %}

{% macro raw_layer_of_warehouse(newest, upgrades) -%}
    {%- set layout = layout_of_warehouse(newest) if execute else newest -%}
    {%- if layout > newest -%}
        select error(
            'the warehouse has layout {{ layout }}, and this version of influx-m2 reads up to {{ newest }}: nothing was '
            'changed; upgrade influx-m2, or use the version that wrote it'
        )
    {%- else -%}
        begin transaction;
        {{ raw_tables() }}
        {{ upgrades[layout - 1:] | join('\n') }}
        commit;
    {%- endif -%}
{%- endmacro %}

{% macro layout_of_warehouse(otherwise) -%}
    {%- set has_layout -%}
        select count(*)
        from duckdb_tables()
        where database_name = current_database() and schema_name = 'raw' and table_name = 'layout'
    {%- endset -%}
    {%- set layout = 'select coalesce(max(version), ' ~ otherwise ~ ') from raw.layout' -%}
    {%- do return(run_query(layout)[0][0] | int if run_query(has_layout)[0][0] else otherwise) -%}
{%- endmacro %}

{#
    The steps, each named by the layout that it leads to. The extractor reads them from this file: plain SQL and no Jinja.
    Rows that were landed stay as they are; a new column says of them what they said already.
#}
{% macro raw_layout_2() %}
-- until then only the endpoint told how a request asked
alter table raw.requests add column asked_by varchar;
alter table raw.requests alter column asked_by
set data type varchar using case endpoint when '/2/users' then 'id' else 'handle' end;
alter table raw.requests alter column asked_by set not null;
update raw.layout set version = 2;
{% endmacro %}
