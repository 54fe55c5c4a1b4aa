-- Which rules leave out most, and by what evidence?
-- A pattern that catches dozens is very good or wrong: its example shows which. An author may be in several rows.
with

excluded as (

    select
        author_id,
        handle,
        rule,
        count(*) over (partition by rule) as authors_of_rule
    from {{ ref('excluded_authors') }}

),

evidence as (

    select
        author_id,
        rule_set,
        file,
        kind || ' "' || pattern || '"' as found,
        matched_in
    from {{ ref('rule_matches') }}
    where kind <> 'exception'

),

counted as (

    -- the rules that are no patterns (the entry threshold, what X refuses) have no evidence but themselves
    select
        excluded.rule,
        evidence.found,
        evidence.matched_in,
        evidence.file,
        count(*) as authors,
        round(100.0 * count(*) / max(excluded.authors_of_rule), 1) as percent_of_rule,
        min(excluded.handle) as example
    from excluded
    left join evidence
        on
            excluded.author_id = evidence.author_id
            and excluded.rule = evidence.rule_set
    group by excluded.rule, evidence.found, evidence.matched_in, evidence.file

)

select * from counted
order by authors desc, rule asc, found asc
