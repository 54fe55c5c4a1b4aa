-- Points for a version that is misspelt would be read by nobody, and missed by nobody.
with

named as (

    {% for seed in [
        'score_weights', 'score_signals', 'score_settings', 'verification_points',
        'topics', 'topic_aliases', 'keywords', 'calibration_knots', 'calibration_targets', 'calibrations',
    ] -%}
    select
        '{{ seed }}' as seed,
        model_version
    from {{ ref(seed) }}
    {% if not loop.last -%}
    union
    {% endif %}
    {%- endfor %}

)

select * from named
where model_version not in (select model_version from {{ ref('score_models') }})
