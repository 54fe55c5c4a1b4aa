"""Files in every shape and state: what lands, what is rejected, and that lines keep their numbers."""

from __future__ import annotations

import gzip
import json
import signal
import time
from pathlib import Path

import duckdb
import pytest
from harness import ROOT, SAMPLE, Workplace, needs_sample

from extract.console import ProgressDisplay
from extract.errors import UsageError
from extract.harvest import files, landing
from extract.harvest.harvest import Order, harvest
from extract.settings import Project
from extract.warehouse import open_warehouse

SEEN = "2025-11-28T06:00:00Z"
BIG_ID = "9223372036854775806"  # past 2^53, where a float would lose the last digits


def user(number: int = 1, **fields: object) -> dict[str, object]:
    return {
        "id": str(number),
        "username": f"u{number}",
        "name": f"User {number}",
        "public_metrics": {
            "followers_count": 60_000,
            "following_count": 1,
            "tweet_count": 2,
            "listed_count": 3,
        },
    } | fields


def record(number: int = 1, **fields: object) -> dict[str, object]:
    return {
        "id": str(number),
        "handle": f"r{number}",
        "name": f"Record {number}",
        "followers_count": 60_000,
        "meta": {"last_refresh_at": "2025-11-01T00:00:00Z"},
    } | fields


def lines(*objects: object) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


def shapes(workplace: Workplace) -> list[tuple[int, str]]:
    landed = workplace.rows("select line_number, shape from raw.users order by landing_id")
    return [(row["line_number"], row["shape"]) for row in landed]


def test_a_payload_is_kept_to_the_letter(workplace: Workplace) -> None:
    text = '{ "id": "' + BIG_ID + r'",  "username":"Jack", "bio": "quote \" \u00e9 🎉" }'
    path = workplace.write("one.jsonl", text)
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    (landed,) = workplace.rows("from raw.users")
    assert landed["payload"] == text
    assert landed["file"] == str(path)
    assert landed["observed_at"].isoformat() == "2025-11-28T06:00:00"
    assert workplace.value("select md5(payload) = payload_hash from raw.users")


def test_each_shape_is_told_by_its_marks_and_keeps_its_line(workplace: Workplace) -> None:
    page = {
        "data": [user(3), user(4)],
        "errors": [{"value": "ghost", "type": "x/resource-not-found"}],
    }
    single = {"data": user(5), "__twarc": {"retrieved_at": "2021-05-05T10:00:00+02:00"}}
    nobody = {"errors": [{"value": "gone", "detail": "User has been suspended: [gone]."}]}
    text = lines(user(1), record(2), page) + "\n   \n" + lines(single, nobody, {"what": "else"})
    workplace.succeed(
        "harvest", "--from", workplace.write("mixed.jsonl", text), "--observed-at", SEEN
    )
    assert shapes(workplace) == [
        (1, "v2_user"), (2, "dataset_record"), (3, "v2_user"), (3, "v2_user"), (6, "v2_user"),
    ]  # fmt: skip
    assert workplace.rows("select line_number from raw.user_errors order by all") == [
        {"line_number": 3}, {"line_number": 7},
    ]  # fmt: skip
    (rejected,) = workplace.rows("from raw.rejected_lines")
    assert (rejected["line_number"], rejected["text"]) == (8, '{"what": "else"}')
    assert "no known shape" in rejected["reason"]
    retrieved = workplace.value("select observed_at from raw.users where line_number = 6")
    assert retrieved.isoformat() == "2021-05-05T08:00:00"


BROKEN_LINES = [
    pytest.param(b'{"id": "1", "username": "u', "not valid JSON", id="cut short"),
    pytest.param(b"[1, 2]", "not a JSON object", id="an array"),
    pytest.param(b'"text"', "not a JSON object", id="a string"),
    pytest.param(b'{"id": null, "username": "u1"}', "no known shape", id="an id of null"),
    pytest.param(
        b'{"handle": "r1", "followers_count": 1}', "without an id", id="a record without id"
    ),
    pytest.param(b'{"id": "1", "username": "\xff\xfe"}', "not UTF-8", id="not UTF-8"),
    pytest.param(
        b'{"id": "1", "username": "a\x01b"}', "control character", id="a control character"
    ),
    pytest.param(b'{"id": "1", "username": "a\x00b"}', "not valid JSON", id="a NUL"),
    pytest.param(b'{"id": "1", "username": "\\ud800"}', "not valid JSON", id="a lone surrogate"),
    pytest.param(b"\xef\xbb\xbf", "not valid JSON", id="a BOM in the middle"),
    pytest.param(b"{" * 100_000, "not valid JSON", id="a hundred thousand braces"),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN_LINES)
def test_a_broken_line_is_rejected_and_the_others_land(
    workplace: Workplace, broken: bytes, reason: str
) -> None:
    content = lines(user(1)).encode() + broken + b"\n" + lines(user(3)).encode()
    out = workplace.succeed(
        "harvest", "--from", workplace.write("b.jsonl", content), "--observed-at", SEEN
    )
    assert "2 users landed" in out
    assert "1 lines rejected" in out
    assert shapes(workplace) == [(1, "v2_user"), (3, "v2_user")]
    (rejected,) = workplace.rows("from raw.rejected_lines")
    assert rejected["line_number"] == 2
    assert reason in rejected["reason"]
    assert len(rejected["text"]) <= files.LONGEST_REJECTED_TEXT


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lines(user(1), user(2)).encode(), id="plain"),
        pytest.param(lines(user(1), user(2)).rstrip().encode(), id="no last line end"),
        pytest.param(b"\xef\xbb\xbf" + lines(user(1), user(2)).encode(), id="BOM"),
        pytest.param(lines(user(1), user(2)).replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(gzip.compress(lines(user(1), user(2)).encode()), id="gzip"),
        pytest.param(
            gzip.compress(lines(user(1)).encode()) + gzip.compress(lines(user(2)).encode()),
            id="two gzip members",
        ),
    ],
)
@pytest.mark.parametrize("name", ["users.jsonl", "users.json", "users"])
def test_the_same_users_land_however_the_file_is_written(
    workplace: Workplace, content: bytes, name: str
) -> None:
    workplace.succeed("harvest", "--from", workplace.write(name, content), "--observed-at", SEEN)
    assert shapes(workplace) == [(1, "v2_user"), (2, "v2_user")]
    assert workplace.value("select count(distinct payload_hash) from raw.users") == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps([user(1), user(2)]), id="array on one line"),
        pytest.param(json.dumps([user(1), user(2)], indent=2), id="array over lines"),
        pytest.param(json.dumps({"data": [user(1), user(2)]}, indent=2), id="page over lines"),
        pytest.param(json.dumps({"data": [user(1), user(2)]}), id="page on one line"),
    ],
)
def test_a_json_document_lands_like_lines(workplace: Workplace, content: str) -> None:
    workplace.succeed(
        "harvest", "--from", workplace.write("doc.json", content), "--observed-at", SEEN
    )
    assert workplace.rows("select shape, count(*) as n from raw.users group by 1") == [
        {"shape": "v2_user", "n": 2}
    ]


def test_a_broken_document_is_one_rejection(workplace: Workplace) -> None:
    path = workplace.write("doc.json", '[{"id": "1",\n "username": }]')
    message = workplace.refuse(1, "harvest", "--from", path, "--observed-at", SEEN)
    assert "not a JSON document" in message
    assert workplace.value("select count(*) from raw.rejected_lines") == 1


def test_standard_input_is_a_file_like_any_other(workplace: Workplace) -> None:
    content = lines(user(1), user(2)).encode()
    workplace.succeed("harvest", "--from", "-", "--observed-at", SEEN, stdin=content)
    assert shapes(workplace) == [(1, "v2_user"), (2, "v2_user")]
    assert workplace.value("select file from raw.users limit 1") == "standard input"


def test_lines_keep_their_numbers_over_many_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(files, "LONGEST_LINE", 3000)
    written = [f'{{"n": {number}, "pad": "{"x" * (number % 700)}"}}' for number in range(1, 500)]
    written[99] = "y" * 10_000
    written[199] = ""
    written[299] = "\x01"
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(written))
    seen: dict[int, bytes] = {}
    rejected: dict[int, str] = {}
    with files.open_input(str(path)) as file:
        for chunk in file.chunks():
            seen |= dict(enumerate(chunk.lines, chunk.first_line))
            rejected |= {line.line_number: line.reason for line in chunk.rejected}
    assert list(seen) == list(range(1, 500))
    assert list(rejected) == [100, 300]
    assert all(seen[n].decode() == written[n - 1] for n in seen if n not in rejected)


def test_what_the_file_time_stands_for_is_said_and_counted(workplace: Workplace) -> None:
    path = workplace.write("two.jsonl", lines(user(1), record(2)))
    said = workplace.run("harvest", "--from", path).stderr
    assert "1 users name no time" in said
    assert "file time" in said
    (file,) = workplace.rows("from raw.files")
    assert (file["observed_at_source"], file["lines"]) == ("file time", 2)


def test_a_damaged_gzip_leaves_nothing_behind_and_what_landed_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in this process, with small chunks: several of them are committed before the damage shows
    monkeypatch.setattr(files, "CHUNK_BYTES", 100_000)
    monkeypatch.setattr(landing, "_SPOOL_BYTES", 100_000)
    monkeypatch.chdir(ROOT)
    project = Project(ROOT, tmp_path / "warehouse.duckdb")
    good = tmp_path / "good.jsonl"
    good.write_text(lines(user(1)))
    cut = tmp_path / "cut.jsonl.gz"
    packed = gzip.compress(lines(*[user(n) for n in range(2, 30_000)]).encode())
    cut.write_bytes(packed[: len(packed) * 9 // 10])
    order = Order(files=[str(good), str(cut)], observed_at=SEEN)
    with (
        ProgressDisplay(quiet=True) as display,
        pytest.raises(UsageError, match="damaged gzip file"),
    ):
        harvest(project, order, display)
    with open_warehouse(project, read_only=True) as connection:
        assert connection.execute("select file from raw.users").fetchall() == [(str(good),)]
        assert connection.execute("select status from raw.runs").fetchall() == [("failed",)]


def test_what_a_killed_run_left_of_a_file_is_swept_away_by_the_next(workplace: Workplace) -> None:
    path = workplace.write("one.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    with duckdb.connect(str(workplace.warehouse)) as connection:
        # as kill -9 leaves it between two chunks: rows of the file, no end of the file or the run
        connection.execute("update raw.runs set status = 'running'")
        connection.execute("delete from raw.files")
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    for table in ("users", "structures"):
        assert workplace.rows(f"select run_id from raw.{table}") == [{"run_id": 2}]


@needs_sample
def test_landing_the_same_file_twice_changes_no_author_and_no_score(sample: Workplace) -> None:
    workplace = sample
    marts = (
        "authors",
        "author_scores",
        "author_score_history",
        "release_records",
        "excluded_authors",
    )
    before = {mart: workplace.rows(f"from marts.{mart} order by all") for mart in marts}
    workplace.succeed("harvest", "--from", SAMPLE)
    workplace.build()
    assert workplace.value("select count(*) from raw.users") == 2 * len(before["authors"])
    assert {mart: workplace.rows(f"from marts.{mart} order by all") for mart in marts} == before


def test_ctrl_c_in_the_middle_of_a_large_file_leaves_nothing_of_it(workplace: Workplace) -> None:
    good = workplace.write("good.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", good, "--observed-at", SEEN)
    large = workplace.folder / "large.jsonl"
    one = lines(user(2, description="x" * 600)).encode()
    with large.open("wb") as file:
        for _ in range(100):
            file.write(one * 5_000)
    process = workplace.start("harvest", "--from", str(large), "--observed-at", SEEN)
    assert process.stderr is not None
    assert "landing" in process.stderr.readline()
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert workplace.rows("select distinct file from raw.users") == [{"file": str(good)}]
    assert workplace.rows("select status from raw.runs order by run_id") == [
        {"status": "finished"},
        {"status": "interrupted"},
    ]
