-- What was repaired, defaulted or is hard to believe, with one author of each.
select
    finding,
    count(*) as authors,
    min_by({'handle': handle, 'detail': detail}, author_id) as example
from marts.data_findings
group by finding
order by authors desc, finding;
