-- Where do the points come from: what share of all scores does each component and signal give?
-- A signal of large weight that gives little is missing or badly scaled; one that gives most makes the ranking.
with

records as (

    select
        author_id,
        count(*) over () as authors
    from {{ ref('release_records') }}
    where model_version = 'm2.1'

),

signals as (

    select
        explanations.component,
        explanations.signal,
        sum(explanations.contribution) as points,
        sum(explanations.contribution) / max(records.authors) as points_an_author,
        count(*) filter (where explanations.is_missing) as missing_for
    from {{ ref('score_explanations') }} as explanations
    inner join records on explanations.author_id = records.author_id
    where explanations.model_version = 'm2.1'
    group by explanations.component, explanations.signal

),

shares as (

    select
        component,
        signal,
        round(100 * points / sum(points) over (partition by component), 1) as percent_of_component,
        round(100 * points / sum(points) over (), 1) as percent_of_all,
        round(points_an_author, 2) as points_an_author,
        missing_for
    from signals

)

select * from shares
order by percent_of_all desc, component asc, signal asc
