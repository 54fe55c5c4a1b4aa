-- Every multiple of 0.05 from 0 to 100, made in three ways that land a hair above, on and below the tie,
-- rounds as whole numbers say it must: n twentieths are n / 2 tenths, and a half goes to the even tenth.
with

twentieths as (

    select {{ unnested(array_of(range(2001))) }} as n

),

expected as (

    select
        n,
        case
            when n % 2 = 0 then n / 2
            when floor(n / 2) % 2 = 0 then floor(n / 2)
            else floor(n / 2) + 1
        end as tenths
    from twentieths

),

rounded as (

    select
        n,
        tenths,
        {{ round_half_even('cast(n as double) / 20') }} as divided,
        {{ round_half_even('cast(n as double) * cast(0.05 as double)') }} as multiplied,
        {{ round_half_even('cast(n as double) / 10 - cast(n as double) / 20') }} as subtracted
    from expected

)

select * from rounded
where
    divided <> cast(tenths as double) / 10
    or multiplied <> cast(tenths as double) / 10
    or subtracted <> cast(tenths as double) / 10
