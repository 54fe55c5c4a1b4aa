-- One row per observation (landing_id), scored by m2.1: what is known, weighted, then mapped to 0-100 by fixed knots.
with

signals as (

    select * from {{ ref('int_signals_m2_1') }}

),

activity as (

    -- Without a rate there is nothing to be stale: neutral. Silence takes from activity and freshness adds nothing,
    -- so that an author whose posts have ids is never lifted over one whose posts have none.
    select
        *,
        case
            when activity_rate is null then neutral_activity
            when activity_maturity is null then activity_rate
            else
                (rate_weight * activity_rate + maturity_weight * activity_maturity)
                / (rate_weight + maturity_weight)
        end as activity_when_fresh
    from signals

),

fading as (

    select
        *,
        case
            when activity_recency is null then activity_when_fresh
            else activity_when_fresh * (1 - recency_weight * (1 - activity_recency / 100))
        end as activity
    from activity

),

quality_known as (

    select
        *,
        {%- set signals_of_quality = ['reach', 'listed', 'listed_ratio', 'balance', 'media'] %}
        {% for signal in signals_of_quality -%}
        coalesce({{ signal }}_weight * quality_{{ signal }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %} as quality_points,
        {% for signal in signals_of_quality -%}
        case when quality_{{ signal }} is not null then {{ signal }}_weight else 0 end{{ ' + ' if not loop.last }}
        {%- endfor %} as quality_weight_known
    from fading

),

quality as (

    -- Verification is always known: were it to share in the weight of what is not, a blue mark would count
    -- twice for those of whom nothing else is known.
    select
        *,
        {{ round_half_even(
            '(1 - verification_weight) * coalesce(quality_points / nullif(quality_weight_known, 0), 0)'
            ~ ' + verification_weight * quality_verification'
        ) }} as quality
    from quality_known

),

relevance as (

    -- Two witnesses of one thing: keywords close a part of the gap that topics leave, and can take nothing away.
    select
        *,
        {{ round_half_even(
            '100 - (100 - coalesce(relevance_topics, neutral_topic)) * (100 - relevance_keywords) / 100'
        ) }} as relevance
    from quality

),

weighted as (

    select
        *,
        activity_weight * activity + quality_weight * quality + relevance_weight * relevance as raw_score,
        {% for component, signals_of in {
            'activity': ['rate', 'maturity', 'recency'],
            'quality': ['reach', 'listed', 'listed_ratio', 'balance', 'media', 'verification'],
            'relevance': ['topics'],
        }.items() -%}
        {% for signal in signals_of -%}
        case when {{ component }}_{{ signal }} is not null then {{ component }}_weight * {{ signal }}_weight else 0 end
        + {% endfor %}
        {%- endfor -%}
        case when has_description then relevance_weight * keywords_weight else 0 end as completeness
    from relevance

),

scored as (

    -- each piece of the map adds what lies of the raw score in it: a sum of terms that never fall cannot fall
    select
        {{ score_keys('m2.1') }},
        activity,
        quality,
        relevance,
        completeness,
        raw_score,
        {{ round_half_even(clamp(
            'calibration.lowest_score + list_sum(list_transform('
            ~ 'calibration.segments, '
            ~ 'lambda piece: piece.slope * greatest(0, least(raw_score - piece.starts_at, piece.width))'
            ~ '))'
        )) }} as score,
        activity_rate,
        activity_maturity,
        activity_recency,
        quality_reach,
        quality_listed,
        quality_listed_ratio,
        quality_balance,
        quality_media,
        quality_verification,
        relevance_topics,
        relevance_keywords
    from weighted
    cross join {{ ref('int_calibration_segments') }} as calibration
    where calibration.model_version = 'm2.1'

)

select * from scored
