-- Lines that could not be landed, by reason, with the latest place of each.
select
    reason,
    count(*) as lines,
    max_by(file || ', line ' || line_number || ' (run ' || run_id || ')', struct_pack(run_id, file, line_number)) as latest
from raw.rejected_lines
group by reason
order by lines desc, reason
limit 20;
