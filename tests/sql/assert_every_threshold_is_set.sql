-- A threshold that is missing compares as null: nobody would enter, no brand would be found, and no error seen.
with

needed (threshold) as (

    values
    ('entry_followers'),
    ('entry_followers_verified'),
    ('brand_flag'),
    ('brand_weight_name_keyword'),
    ('brand_weight_bio_keyword'),
    ('brand_weight_domain'),
    ('brand_weight_org_verification'),
    ('risk_flags_to_exclude'),
    ('gate_lost_authors'),
    ('gate_handles_without_a_reason'),
    ('gate_share_with_metrics'),
    ('gate_range_from'),
    ('gate_range_to'),
    ('gate_share_in_range'),
    ('gate_interquartile_range'),
    ('gate_top_from'),
    ('gate_top_to'),
    ('gate_share_at_top'),
    ('gate_pile_up_authors'),
    ('gate_fresh_days'),
    ('gate_share_fresh'),
    ('gate_share_given_up'),
    ('gate_rise_of_share_given_up'),
    ('gate_authors_at_zero'),
    ('gate_share_general')

)

select
    needed.threshold,
    thresholds.value
from needed
left join {{ ref('thresholds') }} as thresholds on needed.threshold = thresholds.threshold
where thresholds.value is null
