-- One row per author and rule that matched (author_id, rule_set, kind, category, pattern): which rule of which file.
with

matches as (

    select
        *,
        case kind
            when 'name_keyword' then 'brand_weight_name_keyword'
            when 'bio_keyword' then 'brand_weight_bio_keyword'
            when 'domain_pattern' then 'brand_weight_domain'
            when 'org_verification' then 'brand_weight_org_verification'
        end as weight
    from {{ ref('int_author_rule_matches') }}

),

weighed as (

    select
        matches.author_id,
        authors.handle,
        matches.rule_set,
        matches.file,
        matches.kind,
        matches.category,
        matches.pattern,
        matches.matched_in,
        matches.flag_name,
        matches.severity,
        case when matches.rule_set = 'brand' then thresholds.value end as confidence,
        matches.auto_exclude
    from matches
    inner join {{ ref('int_authors_latest') }} as authors on matches.author_id = authors.author_id
    left join {{ ref('int_rule_thresholds') }} as thresholds on matches.weight = thresholds.threshold

)

select * from weighed
