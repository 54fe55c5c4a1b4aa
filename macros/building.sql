{#
    A build adds to the last one where it can. What was landed since, and who is concerned by it, is little; the tables
    that grow with the population (materialized: incremental) forget the authors who are due and take them in anew, all
    others stay as they are. What the last complete build was made of and how far it reached stands in
    marts.release_gate, the end of a build: one that fails on the way moves nothing, and the next one begins there again.
#}

{# Whether this build may add to the last, decided once, before anything is built. No build of Spark adds to another. #}
{% macro plan_build() -%}
    {%- if target.type == 'duckdb' and execute and flags.WHICH in ('build', 'run') -%}
        {%- set reason = reason_to_build_all() -%}
        {%- do graph.update({'adds_to_last_build': not reason}) -%}
        {%- if reason -%}
            {%- do log('building everything: ' ~ reason, info=flags.WHICH == 'build' and reason != 'it is the first build') -%}
        {%- endif -%}
        create schema if not exists intermediate;
        create or replace table intermediate.build_plan as
        select
            {{ "'" ~ reason ~ "'" if reason else 'cast(null as varchar)' }} as reason_to_build_all,
            -- how far it can reach: one that comes to no end may have taken all of it in
            landed.landed_to,
            ({{ landed_checksum('landed.landed_to') }}) as landed_checksum,
            false as is_complete,
            -- dbt's own name of this build, which stands in its run_results.json
            '{{ invocation_id }}' as build_id
        from (select coalesce(max(landing_id), 0) as landed_to from raw.users) as landed;
    {%- endif -%}
{%- endmacro %}

{# The gate says so, the end of a build. #}
{% macro complete_build() -%}
    {%- if target.type == 'duckdb' and execute and flags.WHICH in ('build', 'run') -%}
        update intermediate.build_plan set is_complete = true
    {%- endif -%}
{%- endmacro %}

{# Why everything has to be built, null if nothing says so. #}
{% macro reason_to_build_all() -%}
    {%- if flags.FULL_REFRESH -%}
        {%- do return('--full-refresh') -%}
    {%- endif -%}
    {%- set reached -%}
        select count(*)
        from duckdb_columns()
        where
            database_name = current_database()
            and (schema_name, table_name, column_name) in (
                ('marts', 'release_gate', 'built_from'),
                ('marts', 'release_gate', 'landed_to'),
                ('marts', 'release_gate', 'landed_checksum'),
                ('marts', 'release_gate', 'listed_to'),
                ('marts', 'release_gate', 'requested_to'),
                ('intermediate', 'build_plan', 'is_complete')
            )
    {%- endset -%}
    {%- if run_query(reached)[0][0] < 6 -%}
        {%- do return('it is the first build') -%}
    {%- endif -%}
    {%- set last -%}
        select
            coalesce(max(built_from), '') as built_from,
            (select reason_to_build_all is null or is_complete from intermediate.build_plan) as is_to_be_added_to,
            (select landed_checksum from intermediate.build_plan)
            = ({{ landed_checksum('(select landed_to from intermediate.build_plan)') }})
            and coalesce(max(landed_checksum), '')
            = ({{ landed_checksum('(select max(landed_to) from marts.release_gate)') }}) as is_landed_as_it_was,
            (
                select count(*) filter (where landing_id > gate.landed_to) > greatest(100000, count(*) / 4)
                from raw.users
                cross join (select coalesce(max(landed_to), 0) as landed_to from marts.release_gate) as gate
            ) as is_much
        from marts.release_gate
    {%- endset -%}
    {%- set last = run_query(last)[0] -%}
    {#- Tables of which some are of one build and some of another: what they were built from stands nowhere. -#}
    {%- if not last[1] -%}
        {%- do return('the last build of everything did not come to its end') -%}
    {%- endif -%}
    {%- if last[0] == '' -%}
        {%- do return('the last build was of a part') -%}
    {%- endif -%}
    {%- if not last[2] -%}
        {%- do return('what was landed before is not what it was') -%}
    {%- endif -%}
    {%- if last[3] -%}
        {%- do return('so much has come that to build everything is quicker') -%}
    {%- endif -%}
    {%- for before, now in zip(last[0].split(' '), built_from().split(' ')) if before != now -%}
        {%- do return('the ' ~ now.split(':')[0] ~ ' are not those of the last build') -%}
    {%- endfor -%}
    {%- set tables = run_query('select schema_name || chr(46) || table_name from duckdb_tables()').columns[0].values() -%}
    {%- for node in graph.get('nodes', {}).values() if node.config.materialized == 'incremental' -%}
        {%- if node.schema ~ '.' ~ node.name not in tables -%}
            {%- do return('there is no table ' ~ node.schema ~ '.' ~ node.name) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# What a build is made of but for what was landed: a change of any of it may change anything. #}
{% macro built_from() -%}
    {%- set parts = {'models': [], 'seeds': [], 'settings': [], 'rules': []} -%}
    {%- if execute -%}
        {%- for node in graph.get('nodes', {}).values() if node.resource_type in ('model', 'seed') -%}
            {%- do parts[node.resource_type ~ 's'].append(node.name ~ node.checksum.checksum) -%}
        {%- endfor -%}
        {%- for name, value in context.items() if value.macro is defined and value.macro.package_name == project_name -%}
            {%- do parts['models'].append(value.macro.macro_sql) -%}
        {%- endfor -%}
        {%- do parts['settings'].extend([var('as_of') | string, var('default_lang')]) -%}
        {%- do parts['rules'].append(run_query('select coalesce(max(choice_id), 0) from raw.rule_choices')[0][0] | string) -%}
    {%- endif -%}
    {%- set digests = [] -%}
    {%- for part, texts in parts.items() -%}
        {%- do digests.append(part ~ ':' ~ local_md5(texts | sort | join('\n'))) -%}
    {%- endfor -%}
    {%- do return(digests | join(' ')) -%}
{%- endmacro %}

{# The same for the gate to keep; nothing where some models or seeds were left out, for no build may add to that. #}
{% macro built_from_here() -%}
    {%- if execute -%}
        {%- for node in graph.get('nodes', {}).values() if node.resource_type in ('model', 'seed') -%}
            {%- if node.unique_id not in selected_resources -%}
                {%- do return('') -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(built_from()) -%}
{%- endmacro %}

{#
    What tells whether the landings up to one are still the same: rows that were taken back, or numbers given anew. To a
    build of Spark nothing is added, so that nothing is held against it either.
#}
{% macro landed_checksum(landed_to) -%}
    {%- if target.type == 'duckdb' -%}
    select count(*) || ' ' || coalesce(bit_xor(hash(landing_id, run_id)), 0) from raw.users where landing_id <= {{ landed_to }}
    {%- else -%}
    select cast(count(*) as string) from {{ source('raw', 'users') }}
    {%- endif -%}
{%- endmacro %}

{#
    Whether this build adds to the last one, as plan_build found, which leaves it in the one mapping that all nodes share.
    Unit tests, and what only looks (dbt test, dbt compile), take in everything.
#}
{% macro adds_to_last_build() -%}
    {%- if not execute or flags.WHICH not in ('build', 'run') or model.resource_type == 'unit_test' -%}
        {%- do return(false) -%}
    {%- endif -%}
    {%- do return(graph.get('adds_to_last_build', false)) -%}
{%- endmacro %}

{# dbt asks this before it replaces a table or adds to it. #}
{% macro should_full_refresh() -%}
    {%- if config.get('materialized') == 'incremental' -%}
        {%- do return(not adds_to_last_build()) -%}
    {%- endif -%}
    {%- do return(flags.FULL_REFRESH) -%}
{%- endmacro %}

{# The condition that an author is due, which everybody is where all is built. #}
{% macro is_due(author_id='author_id') -%}
    {#- dbt has to learn of the dependency while it parses; a unit test has no such input -#}
    {%- set due = ref('int_authors_due') if model.resource_type != 'unit_test' -%}
    {{ author_id ~ ' in (select author_id from ' ~ due ~ ')' if adds_to_last_build() else 'true' }}
{%- endmacro %}

{# The same for a table that knows observations alone. #}
{% macro is_due_observation() -%}
    {%- set due = ref('int_observations_due') if model.resource_type != 'unit_test' -%}
    {{ 'landing_id in (select landing_id from ' ~ due ~ ')' if adds_to_last_build() else 'true' }}
{%- endmacro %}

{# The condition that a payload was landed after the last complete build. #}
{% macro is_newly_landed(landing_id='landing_id') -%}
    {{ landing_id ~ ' > (select coalesce(max(landed_to), 0) from marts.release_gate)' if adds_to_last_build() else 'true' }}
{%- endmacro %}

{# Before a table takes the due, or the newly landed, in anew. #}
{% macro forget(condition) -%}
    {%- if adds_to_last_build() -%}
        delete from {{ this.include(database=false) }} where {{ condition }}
    {%- endif -%}
{%- endmacro %}
