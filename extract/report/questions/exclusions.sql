-- Why authors are left out, with three of each.
select
    rule,
    count(*) as authors,
    min_by({'handle': handle, 'detail': detail}, author_id, 3) as examples
from marts.excluded_authors
group by rule
order by authors desc, rule;
