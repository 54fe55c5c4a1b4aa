{#
    Tables and views in one statement, and what is added to a table too. dbt builds beside what exists, renames twice
    and drops, or adds by way of another table, for databases whose DDL is not transactional; DuckDB's is: what fails
    leaves what was there. To do all that was most of what a small model cost.
#}
{% materialization table, adapter='duckdb' %}
    {{ return(in_place('table', create_table_as(False, this.incorporate(type='table'), sql))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(in_place('view', create_view_as(this.incorporate(type='view'), sql))) }}
{% endmaterialization %}

{# What is due goes by a hook of the model (macros/building.sql) and comes in here, in the same transaction. #}
{% materialization incremental, adapter='duckdb' %}
    {%- if should_full_refresh() -%}
        {{ return(in_place('table', create_table_as(False, this.incorporate(type='table'), sql))) }}
    {%- endif -%}
    {{ return(in_place('table', 'insert into ' ~ this ~ ' by name (' ~ sql ~ ')', replaces=false)) }}
{% endmaterialization %}

{% macro in_place(type, writing, replaces=true) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {% if replaces and existing is not none %}drop {{ existing.type }} if exists {{ existing }};{% endif %}
        {{ writing }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {%- do return({'relations': [relation]}) -%}
{%- endmacro %}
