"""What a person gets wrong, or a machine denies: one paragraph, the next step, the documented exit code."""

from __future__ import annotations

import gzip

import pytest
from harness import Workplace
from hypothesis import given
from hypothesis import strategies as st
from test_landing import SEEN, lines, user

from extract.harvest import handles

AT = ("--observed-at", SEEN)


def test_a_missing_file_is_named(workplace: Workplace) -> None:
    assert "there is no file nowhere.jsonl" in workplace.refuse(
        2, "harvest", "--from", "nowhere.jsonl", *AT
    )
    assert not workplace.warehouse.exists()


def test_a_folder_is_not_a_file(workplace: Workplace) -> None:
    assert f"{workplace.folder} is a folder" in workplace.refuse(
        2, "harvest", "--from", workplace.folder, *AT
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="no byte"),
        pytest.param(b"\n \r\n\n", id="blank lines"),
        pytest.param(b"\xef\xbb\xbf", id="a BOM alone"),
        pytest.param(gzip.compress(b""), id="an empty gzip"),
    ],
)
@pytest.mark.parametrize("option", ["--from", "--handles"])
def test_an_empty_file_is_said_to_be_empty(
    workplace: Workplace, content: bytes, option: str
) -> None:
    path = workplace.write("empty.jsonl", content)
    assert "empty.jsonl is empty" in workplace.refuse(1, "harvest", option, path, *AT)


def test_a_gzip_cut_short_is_named(workplace: Workplace) -> None:
    packed = gzip.compress(lines(user(1), user(2)).encode())
    path = workplace.write("cut.jsonl.gz", packed[:-12])
    assert "cut.jsonl.gz is a damaged gzip file" in workplace.refuse(
        2, "harvest", "--from", path, *AT
    )


def test_an_unknown_shape_is_said_with_file_and_line(workplace: Workplace) -> None:
    path = workplace.write("odd.jsonl", '{"tweet": 1}\n')
    message = workplace.refuse(1, "harvest", "--from", path, *AT)
    assert "odd.jsonl, line 1: of no known shape" in message
    assert workplace.value("select text from raw.rejected_lines") == '{"tweet": 1}'


def test_standard_input_needs_a_time(workplace: Workplace) -> None:
    message = workplace.refuse(2, "harvest", "--from", "-", stdin=lines(user(1)).encode())
    assert "standard input has no time of its own" in message


def test_a_time_that_is_none_is_quoted(workplace: Workplace) -> None:
    path = workplace.write("u.jsonl", lines(user(1)))
    message = workplace.refuse(2, "harvest", "--from", path, "--observed-at", "last week")
    assert "'last week' is not a time" in message


def test_nothing_to_harvest_says_what_could_be(workplace: Workplace) -> None:
    assert "--handles FILE" in workplace.refuse(2, "harvest")
    assert "is not a handle" in workplace.refuse(1, "harvest", "not a handle")


def test_a_warehouse_that_is_none_is_left_alone(workplace: Workplace) -> None:
    path = workplace.write("u.jsonl", lines(user(1)))
    workplace.warehouse.write_text("these are notes, not a database\n" * 1000)
    message = workplace.refuse(4, "harvest", "--from", path, *AT)
    assert str(workplace.warehouse) in message
    assert workplace.warehouse.read_text().startswith("these are notes")
    folder = {"INFLUX_DB": str(workplace.folder)}
    assert "is a folder" in workplace.refuse(4, "harvest", "--from", path, *AT, environment=folder)


def test_a_warehouse_that_is_not_there_is_not_made_by_a_question(workplace: Workplace) -> None:
    assert "there is no warehouse" in workplace.refuse(4, "sql", "select 1")
    assert "there is no warehouse" in workplace.refuse(4, "export")
    assert not workplace.warehouse.exists()


def test_export_before_the_first_build_says_to_build(workplace: Workplace) -> None:
    path = workplace.write("u.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, *AT)
    assert "influx-m2 build" in workplace.refuse(1, "export", "--out", workplace.out)
    assert not (workplace.out / "latest").exists()


def test_a_warehouse_of_another_layout_is_refused(workplace: Workplace) -> None:
    import duckdb

    path = workplace.write("u.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, *AT)
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute("update raw.layout set version = 99")
    assert "has layout 99" in workplace.refuse(4, "harvest", "--from", path, *AT)


def test_a_question_that_would_change_something_is_refused(workplace: Workplace) -> None:
    path = workplace.write("u.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, *AT)
    assert "read-only" in workplace.refuse(2, "sql", "drop table raw.users")
    assert workplace.value("select count(*) from raw.users") == 1


def test_usage_errors_of_the_command_line_exit_2(workplace: Workplace) -> None:
    for arguments in (["no-such-command"], ["harvest", "--no-such-option"], ["build", "--as-of"]):
        done = workplace.run(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20), max_size=20)
)
def test_any_words_are_handles_or_rejected_and_none_is_lost(words: list[str]) -> None:
    found = handles.from_arguments(words)
    kept = {given.handle.lower() for given in found.handles}
    rejected = {line.line_number for line in found.rejected}
    assert len(found.handles) + len(rejected) == len(words)
    for number, word in enumerate(words, 1):
        name = word.strip().removeprefix("@")
        assert (number in rejected) != (name.lower() in kept and name.isascii())
