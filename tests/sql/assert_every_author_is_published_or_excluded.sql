-- Nobody is lost between the authors and the release, and nobody is on both sides of the line.
with

authors as (

    select count(*) as authors from {{ ref('int_authors_latest') }}

),

judged as (

    select count(*) as judged from {{ ref('int_author_verdicts') }}

),

publishable as (

    select author_id
    from {{ ref('int_author_verdicts') }}
    where rule is null

),

published as (

    select
        author_id,
        count(*) as versions
    from {{ ref('int_release_scores') }}
    group by author_id

),

models as (

    select count(*) as versions from {{ ref('score_models') }}

),

unbalanced as (

    select coalesce(publishable.author_id, published.author_id) as author_id
    from publishable
    full outer join published on publishable.author_id = published.author_id
    cross join models
    where
        publishable.author_id is null
        or coalesce(published.versions, 0) <> models.versions

),

unjudged as (

    select authors - judged || ' authors without a verdict' as author_id
    from authors
    cross join judged
    where authors <> judged

)

select author_id from unbalanced
union all
select author_id from unjudged
