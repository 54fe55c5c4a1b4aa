-- Who has followers but no activity: high by m0, which counts followers, and low by m2.1?
-- Big names that fell silent. Where completeness is low, it is the data that are silent: refresh before you judge.
with

placed as (

    select
        author_id,
        model_version,
        score,
        percent_rank() over (partition by model_version order by score) as place
    from {{ ref('release_records') }}
    where model_version in ('m0', 'm2.1')

),

compared as (

    select
        authors.handle,
        authors.followers_count,
        by_followers.score as m0,
        scores.score as m2_1,
        round(scores.activity, 1) as activity,
        scores.completeness,
        round(100 * (by_followers.place - by_all.place)) as places_lost_of_a_hundred
    from placed as by_followers
    inner join placed as by_all on by_followers.author_id = by_all.author_id
    inner join {{ ref('author_scores') }} as scores
        on
            by_all.author_id = scores.author_id
            and by_all.model_version = scores.model_version
    inner join {{ ref('authors') }} as authors on by_all.author_id = authors.author_id
    where
        by_followers.model_version = 'm0'
        and by_all.model_version = 'm2.1'
        and by_followers.place >= 0.75
        and by_all.place < 0.5

)

select * from compared
order by places_lost_of_a_hundred desc, handle asc
