"""`influx-m2 handles`: the handles of whatever people keep them in, one a line."""

from __future__ import annotations

import gzip

import pytest
from harness import Workplace
from test_landing import lines, record, user

TEXT = "# people\n@Ada\n\nbob  # the second\nADA\nCarol\n"
CSV = "name,handle,topic_tags\nA,@Ada,ml\nB,bob,\nA again,ada,\nC,Carol,\n"
RECORDS = lines(record(1, handle="Ada"), record(2, handle="bob"), user(3, username="ada"),
                record(4, handle="Carol"))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("list.txt", TEXT.encode(), id="a text file"),
        pytest.param("list.csv", CSV.encode(), id="a CSV"),
        pytest.param("latest.jsonl", RECORDS.encode(), id="a data set"),
        pytest.param("latest.jsonl.gz", gzip.compress(RECORDS.encode()), id="a packed data set"),
    ],
)
def test_each_handle_is_written_once_in_order(
    workplace: Workplace, name: str, content: bytes
) -> None:
    done = workplace.run("handles", workplace.write(name, content))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Ada\nbob\nCarol\n"
    assert "handles 3, rejected lines 0" in done.stderr


def test_standard_input_is_a_list_too_and_what_is_written_can_be_read_again(
    workplace: Workplace,
) -> None:
    once = workplace.succeed("handles", "-", stdin=TEXT.encode())
    assert workplace.succeed("handles", "-", stdin=once.encode()) == once == "Ada\nbob\nCarol\n"


def test_what_is_no_handle_is_counted_and_the_first_are_named(workplace: Workplace) -> None:
    text = "ada\nno no\nsixteen_letters_\n\x1b[31mred\nb-b\nbob\n"
    done = workplace.run("handles", workplace.write("list.txt", text))
    assert done.returncode == 0
    assert done.stdout == "ada\nbob\n"
    assert "line 2: 'no no' is not a handle" in done.stderr
    assert "line 3: 'sixteen_letters_'" in done.stderr
    assert "line 4: " in done.stderr
    assert "line 5: " not in done.stderr
    assert "\x1b" not in done.stderr
    assert "handles 2, rejected lines 4" in done.stderr


def test_a_file_without_a_handle_is_the_data_saying_no(workplace: Workplace) -> None:
    path = workplace.write("list.txt", "no no\n# ada\n")
    message = workplace.refuse(1, "handles", path)
    assert "line 1: 'no no' is not a handle" in message
    assert "names no handle" in message
    assert "is empty" in workplace.refuse(1, "handles", workplace.write("empty.txt", ""))


def test_a_missing_file_is_named_and_no_warehouse_is_made(workplace: Workplace) -> None:
    assert "there is no file nowhere.txt" in workplace.refuse(2, "handles", "nowhere.txt")
    assert not workplace.warehouse.exists()
