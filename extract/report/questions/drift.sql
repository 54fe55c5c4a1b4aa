-- Fields that the latest run has and the earlier had not, or the reverse.
select
    shape,
    path,
    change,
    detail
from marts.payload_drift
order by shape, path
limit 50;
