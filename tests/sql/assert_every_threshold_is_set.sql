-- A threshold that is missing compares as null: nobody would enter, no brand would be found, and no error seen.
with

needed as (

    select
        unnest([
            'entry_followers',
            'entry_followers_verified',
            'brand_flag',
            'brand_weight_name_keyword',
            'brand_weight_bio_keyword',
            'brand_weight_domain',
            'brand_weight_org_verification',
            'risk_flags_to_exclude'
        ]) as threshold

)

select
    needed.threshold,
    thresholds.value
from needed
left join {{ ref('thresholds') }} as thresholds on needed.threshold = thresholds.threshold
where thresholds.value is null
