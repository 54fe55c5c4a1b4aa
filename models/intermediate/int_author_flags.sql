-- One row per author that any rule matched (author_id): what the matches amount to, and the rules behind it.
with

matches as (

    select * from {{ ref('int_author_rule_matches') }}

),

settings as (

    select
        max(value) filter (where threshold = 'brand_flag') as brand_flag,
        max(value) filter (where threshold = 'brand_weight_name_keyword') as name_keyword,
        max(value) filter (where threshold = 'brand_weight_bio_keyword') as bio_keyword,
        max(value) filter (where threshold = 'brand_weight_domain') as domain,
        max(value) filter (where threshold = 'brand_weight_org_verification') as org_verification,
        max(value) filter (where threshold = 'risk_flags_to_exclude') as risk_flags_to_exclude
    from {{ ref('int_rule_thresholds') }}

),

grouped as (

    select
        author_id,
        max(file) filter (where rule_set = 'brand') as brand_file,
        max(file) filter (where rule_set = 'risk') as risk_file,
        bool_or(kind = 'name_keyword' and rule_set = 'brand') as has_name_keyword,
        bool_or(kind = 'bio_keyword' and rule_set = 'brand') as has_bio_keyword,
        bool_or(kind = 'domain_pattern') as has_domain,
        bool_or(kind = 'org_verification') as has_org_verification,
        bool_or(kind = 'blacklisted_handle') as has_blacklisted_handle,
        bool_or(kind = 'exception') as has_exception,
        bool_or(auto_exclude) as has_auto_exclude,
        count(distinct flag_name) as risk_flag_count,
        {{ array_of_distinct('flag_name') }} as risk_flags,
        {{ text_of_group(
            "kind || ' ' || pattern", '; ', 'kind, pattern', "rule_set = 'brand' and kind <> 'exception'"
        ) }} as brand_rules,
        {{ text_of_group(
            "flag_name || ': ' || kind || ' ' || pattern", '; ', 'flag_name, kind, pattern', "rule_set = 'risk'"
        ) }} as risk_rules
    from matches
    group by author_id

),

weighed as (

    -- one weight a group, however many of its words match; 0.7 + 0.1 is to reach 0.8, as it does on paper
    select
        grouped.*,
        round(
            case when has_name_keyword then name_keyword else 0 end
            + case when has_bio_keyword then bio_keyword else 0 end
            + case when has_domain then domain else 0 end
            + case when has_org_verification then org_verification else 0 end,
            9
        ) as brand_confidence,
        brand_flag,
        risk_flags_to_exclude
    from grouped
    cross join settings

),

flagged as (

    select
        author_id,
        brand_confidence,
        -- an exception always clears a brand
        not has_exception and (has_blacklisted_handle or brand_confidence >= brand_flag) as is_brand,
        brand_rules || ' (' || brand_file || ', '
        || case when has_blacklisted_handle then 'blacklisted' else 'confidence ' || brand_confidence end
        || ')' as brand_rules,
        risk_flags,
        has_auto_exclude or risk_flag_count >= risk_flags_to_exclude as is_risk_excluded,
        has_auto_exclude as is_banned_by_rule,
        risk_rules || ' (' || risk_file || ')' as risk_rules
    from weighed

)

select * from flagged
