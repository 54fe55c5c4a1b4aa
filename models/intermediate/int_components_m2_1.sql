-- One row per observation (landing_id): the three components of m2.1, each made of the signals that are known.
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
        (1 - verification_weight) * coalesce(quality_points / nullif(quality_weight_known, 0), 0)
        + verification_weight * quality_verification as quality_unrounded
    from quality_known

),

relevance as (

    -- Two witnesses of one thing: keywords close a part of the gap that topics leave, and can take nothing away.
    select
        *,
        100 - (100 - coalesce(relevance_topics, neutral_topic)) * (100 - relevance_keywords) / 100
            as relevance_unrounded
    from quality

),

components as (

    select
        *,
        {{ round_half_even('quality_unrounded') }} as quality,
        {{ round_half_even('relevance_unrounded') }} as relevance
    from relevance

)

select * from components
