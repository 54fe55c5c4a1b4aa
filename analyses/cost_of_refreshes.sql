-- What did X cost a month, and what would a weekly refresh of everybody cost?
-- To set --limit and --max-cost, and to know whether a daily seventh is affordable before X stops answering.
with

authors as (

    -- whom X refuses to show is asked for all the same, and costs nothing
    select count(*) filter (where refusal is null) as authors
    from {{ ref('author_freshness') }}

),

prices as (

    select
        month,
        requests,
        users_billed,
        cost_usd,
        cost_usd_upper,
        cost_usd / nullif(users_billed, 0) as usd_a_user,
        cost_usd_upper / nullif(users_billed, 0) as usd_a_user_upper
    from {{ ref('harvest_costs') }}

),

projected as (

    select
        prices.month,
        prices.requests,
        prices.users_billed,
        prices.cost_usd,
        prices.cost_usd_upper,
        authors.authors as authors_now,
        round(authors.authors * prices.usd_a_user, 2) as one_refresh_usd,
        round(authors.authors * prices.usd_a_user_upper, 2) as one_refresh_usd_upper,
        -- a year has 52 weeks and 12 months
        round(52.0 / 12 * authors.authors * prices.usd_a_user, 2) as weekly_for_a_month_usd,
        round(52.0 / 12 * authors.authors * prices.usd_a_user_upper, 2) as weekly_for_a_month_usd_upper
    from prices
    cross join authors

)

select * from projected
order by month desc
