-- Data sets that strict validation kept out whole, the latest first.
select
    run_id,
    file,
    lines,
    errors,
    split_part(first_errors, chr(10), 1) as first_error
from raw.quarantined_files
order by run_id desc, file
limit 20;
