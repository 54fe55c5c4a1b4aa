-- Nobody is lost between the authors and the release, and nobody is on both sides of the line.
with

authors as (

    select author_id from {{ ref('authors') }}

),

excluded as (

    select author_id from {{ ref('excluded_authors') }}

),

published as (

    select
        author_id,
        count(*) as versions
    from {{ ref('release_records') }}
    group by author_id

),

models as (

    select count(*) as versions from {{ ref('score_models') }}

),

sides as (

    -- compared with the null-safe operator, or an author without an id would slip through both joins
    select
        authors.author_id,
        published.versions as published_versions,
        excluded.author_id is not null as is_excluded
    from authors
    left join published on authors.author_id is not distinct from published.author_id
    left join excluded on authors.author_id is not distinct from excluded.author_id

)

select sides.*
from sides
cross join models
where
    coalesce(sides.published_versions, 0) <> case when sides.is_excluded then 0 else models.versions end
