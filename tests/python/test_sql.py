"""`influx-m2 sql`: every value exact, nothing written, nothing obeyed by a terminal, and other programs beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import BIN, ROOT, Workplace
from test_landing import SEEN, lines, user

from extract.errors import UsageError
from extract.query import ask
from extract.settings import Project
from extract.shells import command_for

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egpj\x7f\r\nbye"
DESCRIPTION = "select payload ->> '$.description' as description from raw.users"
# each value beside what JSON and CSV are to say of it
VALUES = [
    ("null::varchar", "null", ""),
    ("9007199254740993::bigint", "9007199254740993", "9007199254740993"),
    ("170141183460469231731687303715884105727::hugeint", *["170141183460469231731687303715884105727"] * 2),
    ("1.10::decimal(38, 2)", "1.10", "1.10"),
    ("0.0000000001::decimal(20, 10)", "0.0000000001", "0.0000000001"),
    ("0.1::double", "0.1", "0.1"),
    ("'nan'::double", '"NaN"', "NaN"),
    ("'-inf'::float", '"-Infinity"', "-Infinity"),
    ("true", "true", "true"),
    ("timestamp '2025-11-28 06:00:00'", '"2025-11-28T06:00:00Z"', "2025-11-28T06:00:00Z"),
    ("timestamp '2025-11-28 06:00:00.5'", *['"2025-11-28T06:00:00.500000Z"', "2025-11-28T06:00:00.500000Z"]),
    ("timestamptz '2025-11-28 06:00:00+02'", '"2025-11-28T04:00:00Z"', "2025-11-28T04:00:00Z"),
    ("date '2025-11-28'", '"2025-11-28"', "2025-11-28"),
    ("'a \"b\", ü 🎉'", '"a \\"b\\", ü 🎉"', 'a "b", ü 🎉'),
    ("''", '""', ""),
    ("['a', null]", '["a", null]', '["a", null]'),
    ("[1, 2]::integer[2]", "[1, 2]", "[1, 2]"),
    ("{'n': 1, 't': timestamp '2025-01-01'}", *['{"n": 1, "t": "2025-01-01T00:00:00Z"}'] * 2),
    ("[{'d': 1.50, 'f': 'nan'::double}]", *['[{"d": 1.50, "f": "NaN"}]'] * 2),
    ("row(1, 'x')", '[1, "x"]', '[1, "x"]'),
    ("map {1: 'x'}", '{"1": "x"}', '{"1": "x"}'),
    ("map {[1]: 'x'}", *['[{"key": [1], "value": "x"}]'] * 2),
    ("e'{\"a\":\\n1.10}'::json", '{"a": 1.10}', '{"a": 1.10}'),
    ("'\\xAA'::blob", '"aa"', "aa"),
]  # fmt: skip


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("sql"))
    path = workplace.write("users.jsonl", lines(user(1, description=HOSTILE)))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    return workplace


def answer(workplace: Workplace, query: str, form: Any, capsys: pytest.CaptureFixture[str]) -> str:
    ask(Project(ROOT, workplace.warehouse), query, form)
    return capsys.readouterr().out


def test_every_value_is_told_exactly_in_json_and_csv(
    landed: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select " + ", ".join(f"{value} as c{n}" for n, (value, *_) in enumerate(VALUES))
    written = answer(landed, query, "json", capsys)
    members = (f'"c{n}": {text}' for n, (_, text, _) in enumerate(VALUES))
    assert written == f"{{{', '.join(members)}}}\n"
    json.loads(written, parse_constant=pytest.fail)
    header, row = csv.reader(io.StringIO(answer(landed, query, "csv", capsys)))
    assert header == [f"c{n}" for n in range(len(VALUES))]
    assert row == [text for _, _, text in VALUES]


def test_json_is_an_object_a_row_and_nothing_where_there_is_no_row(landed: Workplace) -> None:
    query = 'select range as n, n = 1 as "is ""one""" from range(3) order by n'
    said = landed.succeed("sql", "--json", query).splitlines()
    assert [json.loads(line) for line in said] == [{"n": n, 'is "one"': n == 1} for n in range(3)]
    assert landed.succeed("sql", "--json", "from raw.user_errors") == ""
    assert "two columns of the name n" in landed.refuse(2, "sql", "--json", "select 1 n, 2 n")


def test_what_duckdb_reads_back_from_json_is_what_the_warehouse_holds(
    landed: Workplace, tmp_path: Path
) -> None:
    query = "select landing_id, observed_at, payload, shape from raw.users"
    written = tmp_path / "rows.jsonl"
    written.write_text(landed.succeed("sql", "--json", query))
    types = "{landing_id: 'bigint', observed_at: 'timestamp', payload: 'varchar', shape: 'varchar'}"
    read = duckdb.sql(f"from read_json('{written}', columns = {types})").fetchall()
    assert read == [tuple(row.values()) for row in landed.rows(query)]


def test_a_query_may_lie_in_a_file_or_come_by_standard_input(landed: Workplace) -> None:
    path = landed.write(
        "query.sql", "\ufeff-- how many\nselect count(*) as users\nfrom raw.users;\n"
    )
    assert landed.succeed("sql", "--csv", "--file", path) == "users\n1\n"
    assert landed.succeed("sql", "--csv", "--file", "-", stdin=path.read_bytes()) == "users\n1\n"
    assert "nowhere.sql cannot be read: No such file" in landed.refuse(
        2, "sql", "--file", "nowhere.sql"
    )
    path = landed.write("latin.sql", "select 'ü'".encode("latin-1"))
    assert "it is not UTF-8 text" in landed.refuse(2, "sql", "--file", path)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["select 1", "--file", "query.sql"],
        ["select 1", "--open", "shell"],
        ["select 1", "--csv", "--json"],
    ],
    ids=" ".join,
)
def test_one_query_in_one_form_is_asked_for(landed: Workplace, arguments: list[str]) -> None:
    assert "sql takes one of QUERY" in landed.refuse(2, "sql", *arguments)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("insert into raw.users from raw.users", "INSERT is none"),
        ("create temp table t as select 1", "CREATE is none"),
        ("drop table raw.users", "DROP is none"),
        ("copy raw.users to '{here}/out.csv'", "COPY is none"),
        ("copy (select 1) to '/dev/stdout'", "COPY is none"),
        ("explain analyze copy raw.users to '{here}/out.csv'", "disabled"),
        ("explain analyze insert into raw.users from raw.users", "read-only"),
        ("export database '{here}/out'", "EXPORT is none"),
        ("attach '{here}/other.duckdb'", "ATTACH is none"),
        ("attach '{here}/new.duckdb'", "ATTACH is none"),
        ("install httpfs", "LOAD is none"),
        ("load icu", "LOAD is none"),
        ("set enable_external_access = true", "SET is none"),
        ("reset lock_configuration", "SET is none"),
        ("pragma memory_limit = '1GB'", "SET is none"),
        ("checkpoint", "CALL is none"),
        ("call enable_logging(storage_path := '{here}/logs')", "CALL is none"),
        ("begin", "TRANSACTION is none"),
        ("prepare p as select 1", "PREPARE is none"),
        ("select 1; select 2", "2 statements are not one query"),
        ("select 1; copy (select 1) to '{here}/out.csv'", "2 statements are not one query"),
        ("from query('copy (select 1) to ''{here}/out.csv''')", "SELECT"),
        ("from '{here}/users.jsonl'", "disabled"),
        ("from read_text('{here}/.env')", "disabled"),
        ("from read_blob('/proc/self/environ')", "disabled"),
        ("from glob('{here}/*')", "disabled"),
        ("from read_csv('https://example.com/a.csv')", "disabled"),
        ("from tempting", "tempting does not exist"),
        (" ;; ", "there is no query"),
        ("-- nothing", "there is no query"),
        ("selec 1", "syntax error"),
    ],
)
def test_a_query_writes_nothing_and_reads_nothing_but_the_warehouse(
    landed: Workplace, query: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tempting = [("a Python object is no table",)]  # noqa: F841
    landed.write(".env", "X_BEARER_TOKEN=never-to-be-read")
    if not (other := landed.folder / "other.duckdb").exists():
        duckdb.connect(other).close()
    before = files(landed)
    with pytest.raises(UsageError) as refused:
        answer(landed, query.format(here=landed.folder), "json", capsys)
    assert message in str(refused.value)
    assert "never-to-be-read" not in str(refused.value)
    assert files(landed) == before


@pytest.mark.parametrize(
    "setting",
    ["enable_profiling(save_location := '{here}/p')", "enable_logging(storage_path := '{here}/l')"],
)
def test_a_function_that_would_make_duckdb_write_files_makes_it_write_none(
    landed: Workplace, setting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(landed)
    with suppress(UsageError):
        answer(landed, f"from {setting.format(here=landed.folder)}", "json", capsys)
    assert files(landed) == before


def files(workplace: Workplace) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in workplace.folder.rglob("*") if path.is_file()}


def test_what_only_reads_is_answered(landed: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    for query in ("describe raw.users", "show all tables", "summarize raw.users", "values (1)"):
        assert answer(landed, query, "json", capsys)
    pivot = "pivot (select unnest(['a', 'b', 'b']) as k) on k using count(*)"
    assert json.loads(answer(landed, pivot, "json", capsys)) == {"a": 1, "b": 2}
    assert len(answer(landed, "explain select 1", "table", capsys).splitlines()) > 3


def test_a_description_cannot_give_orders_to_a_terminal(landed: Workplace) -> None:
    assert landed.value(DESCRIPTION) == HOSTILE
    table = landed.succeed("sql", DESCRIPTION)
    assert "bye" in table
    assert all(one.isprintable() or one == "\n" for one in table), table
    said = landed.succeed("sql", "--json", DESCRIPTION)
    assert all(one.isprintable() or one == "\n" for one in said), said
    assert json.loads(said) == {"description": HOSTILE}
    # a file gets it as it is, a terminal does not
    piped = subprocess.run(
        [BIN / "influx-m2", "sql", "--csv", DESCRIPTION],
        env=landed.environment,
        capture_output=True,
        check=True,
    )
    reader = csv.reader(io.StringIO(piped.stdout.decode(), newline=""))
    assert list(reader)[1] == [HOSTILE]
    shown = on_a_terminal(landed, "sql", "--csv", DESCRIPTION)
    assert "bye" in shown
    assert all(one.isprintable() or one in "\r\n" for one in shown), shown


def on_a_terminal(workplace: Workplace, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    subprocess.run(
        [BIN / "influx-m2", *arguments], env=workplace.environment, stdout=theirs, check=True
    )
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        return terminal.read1(1 << 16).decode()


def test_a_table_is_no_wider_than_the_terminal(landed: Workplace) -> None:
    wide = "select " + ", ".join(f"repeat('{n}', 20) as c{n}" for n in range(9))
    assert max(map(len, landed.succeed("sql", wide).splitlines())) <= 80


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_reader_that_has_enough_ends_it_without_a_word(landed: Workplace, form: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; influx-m2 sql {form} 'from range(100000000)' | head -2"],
        env=landed.environment | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2


def test_a_long_answer_is_written_in_a_fraction_of_its_size(landed: Workplace) -> None:
    query = "select repeat(chr(65 + (range % 26)::integer), 1000) as text from range(400000)"
    # a process between: what pytest itself has used at most counts for its own children too
    measure = (
        "import resource, subprocess, sys; "
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    said = subprocess.run(
        [sys.executable, "-c", measure, BIN / "influx-m2", "sql", "--json", query],
        env=landed.environment,
        capture_output=True,
        check=True,
    )
    code, kilobytes = map(int, said.stdout.split())
    assert code == 0
    assert kilobytes < 300_000  # of 400 MB


FAKE = f"""#!{sys.executable}
import json, sys
print(json.dumps(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("program", "name", "options"),
    [
        ("shell", "duckdb", ["-readonly", "{warehouse}"]),
        ("harlequin", "harlequin", ["--read-only", "{warehouse}"]),
        (
            "ui",
            "duckdb",
            ["-cmd", "attach '{warehouse}' as influx (read_only); use influx", "-ui"],
        ),
    ],
)
def test_another_program_opens_the_warehouse_read_only(
    landed: Workplace, tmp_path: Path, program: str, name: str, options: list[str]
) -> None:
    (tmp_path / name).write_text(FAKE)
    (tmp_path / name).chmod(0o755)
    done = landed.run("sql", "--open", program, environment={"PATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [one.format(warehouse=landed.warehouse) for one in options]
    assert f"{name} {options[0]}" in done.stderr
    assert "no harvest and no build can begin until you leave it" in done.stderr


def test_a_program_that_is_not_installed_is_named_with_its_command(
    landed: Workplace, tmp_path: Path
) -> None:
    message = landed.refuse(4, "sql", "--open", "harlequin", environment={"PATH": str(tmp_path)})
    assert "harlequin is not installed here" in message
    assert f"harlequin --read-only {landed.warehouse}" in message


def test_the_ui_sees_the_warehouse_and_cannot_change_it(tmp_path: Path) -> None:
    warehouse = tmp_path / "o'brien.duckdb"
    with duckdb.connect(warehouse) as connection:
        connection.execute("create schema raw; create table raw.users as select 1 as id")
    _, _, attach, _ = command_for("ui", warehouse)
    with duckdb.connect() as connection:
        connection.execute(attach)
        assert connection.sql("from raw.users").fetchall() == [(1,)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("insert into raw.users values (2)")
