-- One row: the weights, the scales and the settings of m2.1, side by side, so that its formulas can name them.
with

weights as (

    select {{ side_by_side('component', ['activity', 'quality', 'relevance'], {'weight': '_weight'}) }}
    from {{ ref('score_weights') }}
    where model_version = 'm2.1'

),

signals as (

    select
        {{ side_by_side(
            'signal',
            [
                'rate', 'maturity', 'recency',
                'reach', 'listed', 'listed_ratio', 'balance', 'media', 'verification',
                'topics', 'keywords',
            ],
            {'weight': '_weight', 'zero_at': '_zero_at', 'full_at': '_full_at'}
        ) }}
    from {{ ref('score_signals') }}
    where model_version = 'm2.1'

),

settings as (

    select
        {{ side_by_side(
            'setting',
            [
                'neutral_activity', 'neutral_topic', 'unknown_topic', 'further_topic',
                'shortest_lifetime_days', 'posts_without_media',
            ],
            {'value': ''}
        ) }}
    from {{ ref('score_settings') }}
    where model_version = 'm2.1'

),

scales as (

    select *
    from weights
    cross join signals
    cross join settings

)

select * from scales
