{#
    Tables and views in one statement. dbt builds beside what exists, renames twice and drops, for databases whose DDL
    is not transactional; DuckDB's is: what fails leaves what was there. To do all that was
    most of what a small model cost.
#}
{% materialization table, adapter='duckdb' %}
    {{ return(in_place('table', create_table_as(False, this.incorporate(type='table'), sql))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(in_place('view', create_view_as(this.incorporate(type='view'), sql))) }}
{% endmaterialization %}

{% macro in_place(type, creation) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {% if existing is not none %}drop {{ existing.type }} if exists {{ existing }};{% endif %}
        {{ creation }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {%- do return({'relations': [relation]}) -%}
{%- endmacro %}
