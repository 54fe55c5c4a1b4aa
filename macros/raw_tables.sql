{#
    The raw layer, stated once. dbt runs this before a build, so that an empty warehouse builds; the extractor
    reads the statements between the macro tags from this file, so they hold plain SQL and no Jinja. What changes a table
    that is there already also needs a step in raw_upgrades.sql.
    Append-only and verbatim: nothing here is ever changed after it has landed, a run's own end apart.
#}
{% macro raw_tables() %}
create schema if not exists raw;

-- one row: the version of this layout
create table if not exists raw.layout (version integer not null);
insert into raw.layout select 2 where not exists (from raw.layout);

-- one row a harvest: running, waiting (for X, the warehouse let go), finished, stopped, interrupted or failed; one that
-- was killed could not say so
create table if not exists raw.runs (
    run_id bigint not null,
    started_at timestamp not null,
    finished_at timestamp,
    status varchar not null,
    tool_version varchar not null,
    -- what was ordered of X: the same key is the same command again; null where X is not asked
    order_key varchar,
    is_refetch boolean not null,
    with_posts boolean not null,
    user_price_usd decimal(9, 6) not null,
    post_price_usd decimal(9, 6) not null,
    -- requests from here on count against the budget of the command
    budget_from timestamp not null
);

-- one row a handle or id that a run is to ask X for, in this order
create table if not exists raw.targets (
    run_id bigint not null,
    position bigint not null,
    -- handle or id
    asked_by varchar not null,
    target varchar not null,
    -- the run that fetched it earlier in the same UTC day, so that this one does not ask
    fetched_by_run bigint
);

-- one row a request to the X API, answered or not
create table if not exists raw.requests (
    request_id bigint not null,
    run_id bigint not null,
    endpoint varchar not null,
    asked varchar[] not null,
    attempt integer not null,
    -- page, bad_request, refused, out_of_credits, rate_limited or passing_fault
    kind varchar not null,
    dialect varchar not null,
    -- ids of the users in the answer
    returned varchar[] not null,
    status integer,
    failure varchar,
    rate_limit bigint,
    rate_remaining bigint,
    rate_reset timestamp,
    transaction_id varchar,
    sent_at timestamp not null,
    answered_at timestamp,
    elapsed_ms bigint,
    -- handle or id: a handle of digits alone looks like an id. The last column, since it came with layout 2.
    asked_by varchar not null
);

-- one row a file landed in a run
create table if not exists raw.files (
    run_id bigint not null,
    file varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    lines bigint not null,
    observed_at timestamp not null,
    observed_at_source varchar not null
);

-- one row a user payload, verbatim
create table if not exists raw.users (
    landing_id bigint not null,
    run_id bigint not null,
    request_id bigint,
    file varchar,
    line_number bigint,
    requested_handle varchar,
    shape varchar not null,
    observed_at timestamp not null,
    payload_hash varchar not null,
    -- a third of the room that DuckDB's own choice takes, and quicker to write; to read it is to parse it anyway
    payload varchar not null using compression zstd
);

-- one row a shape in what was landed at once (an answer, or a stretch of a file): the merged structure of its payloads
-- as JSON, keys with the JSON types of their values
create table if not exists raw.structures (
    run_id bigint not null,
    request_id bigint,
    file varchar,
    shape varchar not null,
    -- how many payloads were looked at: all of an answer, a sample of a large file
    payloads bigint not null,
    structure varchar not null
);

-- one row a problem that an answer reports about one asked-for handle or id, verbatim
create table if not exists raw.user_errors (
    run_id bigint not null,
    request_id bigint,
    file varchar,
    line_number bigint,
    observed_at timestamp not null,
    payload varchar not null
);

-- one row a line that could not be landed
create table if not exists raw.rejected_lines (
    run_id bigint not null,
    file varchar not null,
    line_number bigint not null,
    reason varchar not null,
    text varchar not null
);

-- one row a handle that came with curated facts, verbatim
create table if not exists raw.curation (
    run_id bigint not null,
    file varchar not null,
    line_number bigint not null,
    handle varchar not null,
    category varchar,
    topic_tags varchar,
    evidence varchar,
    source_type varchar,
    fetched_at varchar,
    landed_at timestamp not null
);

-- one row a rule file as it came, verbatim; rule_set is brand or risk
create table if not exists raw.rule_files (
    rule_set varchar not null,
    sha256 varchar not null,
    file varchar not null,
    text varchar not null,
    landed_at timestamp not null
);

-- one row a rule of a rule file, in the columns of the seeds
create table if not exists raw.rules (
    rule_set varchar not null,
    sha256 varchar not null,
    kind varchar not null,
    category varchar not null,
    pattern varchar not null,
    exceptions varchar,
    flag_name varchar,
    severity varchar,
    auto_exclude boolean not null
);

-- one row a number that a rule file sets in place of the seed's
create table if not exists raw.rule_thresholds (
    rule_set varchar not null,
    sha256 varchar not null,
    threshold varchar not null,
    value double not null
);

-- one row a choice of rules: the last one of a rule set counts, and no hash means the seeds
create table if not exists raw.rule_choices (
    choice_id bigint not null,
    rule_set varchar not null,
    sha256 varchar,
    chosen_at timestamp not null
);

-- one row an author of a release; components are null where the model version has none
create table if not exists raw.released_scores (
    -- grows by one with every release that is landed
    release_number bigint not null,
    release_id varchar not null,
    model_version varchar not null,
    author_id varchar not null,
    handle varchar not null,
    rank_global bigint not null,
    score double not null,
    raw_score double,
    activity double,
    quality double,
    relevance double
);

-- one row an id or a handle of a person who was purged, as a keyed hash: it is not landed again
create table if not exists raw.tombstones (
    -- one number a person
    tombstone_number bigint not null,
    keyed_hash varchar not null,
    -- which key it was made with
    key_id varchar not null,
    -- asked, or what X's batch compliance said: deleted, suspended, protected, deactivated
    reason varchar not null,
    purged_at timestamp not null
);

-- one row a file that --validate kept out of a run whole: a data set that breaks a strict rule. What was wrong is told
-- without values, so that nobody is named here
create table if not exists raw.quarantined_files (
    run_id bigint not null,
    file varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    lines bigint not null,
    errors bigint not null,
    -- line, field and rule of the first of them, one a line
    first_errors varchar not null
);
{% endmacro %}
