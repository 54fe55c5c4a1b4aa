"""influx-validate as scripts call it: what it says and how it ends, on any text, in flat memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import jsonschema
import pytest
from harness import BIN, ROOT
from published import changed, dropping, good_record, line_of, setting

from extract.release import jsonl
from extract.release.validate import packaged_schema
from extract.release.violation import MOST_OF_A_LINE

IS_LONG = bool(os.environ.get("INFLUX_TORTURE"))
SCHEMA = ROOT / "extract" / "release" / "bigv.schema.json"
GOOD = line_of(good_record(1))
TEN_MEGABYTES = 10_000_000


def influx_validate(
    *arguments: object, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [str(BIN / "influx-validate"), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=os.environ | {"COLUMNS": "80"} | environment,
        timeout=600,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def text(field: str, written: bytes) -> bytes:
    """A good record with a text in the place of a field's value, as it stands."""
    return line_of(changed(setting(field, "HERE"), 1)).replace(b'"HERE"', written)


# A line, and the rules that it breaks: no more of them, and no fewer.
LINES: dict[str, tuple[bytes, set[str]]] = {
    "right-to-left": (text("name", '"مرحبا بالعالم"'.encode()), set()),
    "bidirectional override": (text("name", '"\u202egnp.exe"'.encode()), set()),
    "zero-width alone": (text("name", '"\u200b\u200d\ufeff"'.encode()), set()),
    "combining marks": (text("name", ('"Z' + "\u0335" * 500 + '"').encode()), set()),
    "surrogate pair as escapes": (text("name", rb'"\ud83c\udf89"'), set()),
    "line separators inside": (text("name", '"a\u2028b\u2029c\x85d"'.encode()), set()),
    "ten megabytes": (text("description", b'"' + b"a" * TEN_MEGABYTES + b'"'), set()),
    "empty name": (text("name", b'""'), {"schema"}),
    "minus zero": (text("followers_count", b"-0"), set()),
    "minus zero as a decimal": (text("followers_count", b"-0.0"), set()),
    "integer with an exponent": (text("followers_count", b"1.654321e6"), set()),
    "integer beyond 64 bits": (text("followers_count", b"9" * 40), set()),
    "integer of a thousand digits": (text("followers_count", b"7" * 1000), set()),
    "negative integer beyond 64 bits": (text("followers_count", b"-" + b"9" * 40), {"schema"}),
    "score a hair over 100": (text("meta.score", b"100.0000000000001"), {"schema"}),
    "integer of five thousand digits": (text("followers_count", b"9" * 5000), {"not-json"}),
    "leading zero": (text("followers_count", b"012345"), {"not-json"}),
    "plus sign": (text("followers_count", b"+1"), {"not-json"}),
    "nan": (text("meta.score", b"NaN"), {"non-finite-number"}),
    "infinity": (text("meta.score", b"Infinity"), {"non-finite-number"}),
    "beyond a double": (text("meta.score", b"1e999"), {"non-finite-number"}),
    "nul raw": (text("name", b'"a\0b"'), {"nul-character"}),
    "nul escaped": (text("name", rb'"a\u0000b"'), {"nul-character"}),
    "lone surrogate escaped": (text("name", rb'"\ud800"'), {"lone-surrogate"}),
    "lone surrogate in the handle": (text("handle", rb'"\ud800"'), {"lone-surrogate", "schema"}),
    "lone surrogate raw": (text("name", b'"\xed\xa0\x80"'), {"not-utf-8"}),
    "duplicate key": (GOOD.replace(b'"name"', b'"name": "x", "name"'), {"duplicate-key"}),
    "two kinds of one key": (GOOD.replace(b'"name"', b'"Name": "x", "name"'), set()),
    "deep arrays": (text("ext", b"[" * 100_000 + b"]" * 100_000), {"nested-too-deep"}),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, {"byte-order-mark"}),
    "cr lf": (GOOD[:-1] + b"\r\n", {"line-end"}),
    "blank": (b" \n", {"blank-line"}),
    "two records": (GOOD[:-1] + GOOD, {"not-json"}),
    "concatenated without a comma": (b'{"a": 1 "b": 2}\n', {"not-json"}),
}


@pytest.fixture(scope="module")
def tortured(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """All these lines, each of an author of its own."""
    told = b""
    for number, (raw, _) in enumerate(LINES.values(), 1):
        told += raw.replace(b'"50393960"', b'"%d"' % (70_000_000 + number)).replace(
            b'"Author_1"', b'"Author_%d"' % (100 + number)
        )
    return told


@pytest.mark.parametrize("way", ["file", "gzip of two members", "standard input"])
def test_each_tortured_line_has_the_verdict_that_it_deserves(
    tmp_path: Path, tortured: bytes, way: str
) -> None:
    middle = tortured.index(b"\n", len(tortured) // 2) + 1
    packed = gzip.compress(tortured[:middle], 1) + gzip.compress(tortured[middle:], 1)
    path = tmp_path / "latest.jsonl"
    path.write_bytes(tortured if way == "file" else packed)
    arguments = ("--strict", "-s", SCHEMA, "--json")
    is_piped = way == "standard input"
    done = influx_validate(*arguments, *([] if is_piped else [path]), stdin=tortured)
    assert done.returncode == 1
    assert done.stderr == b""
    *found, last = map(json.loads, done.stdout.splitlines())
    broken: dict[int, set[str]] = defaultdict(set)
    for one in found:
        assert set(one) == {"line", "field", "value", "rule", "message", "severity"}
        assert one["value"].isprintable()
        assert one["severity"] == "error"
        broken[one["line"]].add(one["rule"])
    assert {name: broken[line] for line, name in enumerate(LINES, 1)} == {
        name: rules for name, (_, rules) in LINES.items()
    }
    assert last == {
        "summary": {
            "records": len(LINES) - 1,
            "valid": sum(not rules for _, rules in LINES.values()),
            "errors": len(found),
            "warnings": 0,
            "sha256": hashlib.sha256(tortured).hexdigest(),
            "passed": False,
            "not_shown": 0,
        }
    }


@pytest.mark.parametrize("name", LINES)
def test_the_reference_validator_agrees_on_what_it_can_read(name: str) -> None:
    raw, rules = LINES[name]

    def refused(constant: str) -> float:
        raise ValueError(constant)

    try:
        record = json.loads(raw.decode(), parse_constant=refused)
    except (ValueError, RecursionError):
        assert rules - {"schema"}
        return
    if rules & {"byte-order-mark", "non-finite-number", "lone-surrogate"}:
        return  # texts and numbers that the reference reads, and takes for what they are not
    expected = jsonschema.Draft7Validator(packaged_schema()).is_valid(record)
    assert ("schema" not in rules) == expected


PACKED = gzip.compress(GOOD * 20, mtime=0)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (GOOD, 0, "1 records, 1 valid, 0 errors, 0 warnings"),
        (GOOD[:-1], 0, "1 records, 1 valid, 0 errors, 1 warnings"),
        (b"", 1, "empty, there is no record to judge"),
        (PACKED[:-9], 1, "cut short or damaged after line 20"),
        (PACKED + b"rest", 1, "cut short or damaged after line 20"),
        (b"[" * (jsonl.LONGEST_LINE + 1), 1, "line 1: longer than 16777216 bytes"),
        (None, 2, "cannot be read"),
    ],
    ids=["sound", "no newline", "empty", "cut gzip", "gzip and a rest", "no line end", "no file"],
)
def test_each_file_ends_with_its_code_and_a_word(
    tmp_path: Path, content: bytes | None, code: int, said: str
) -> None:
    path = tmp_path / "latest.jsonl"
    if content is not None:
        path.write_bytes(content)
    done = influx_validate("--strict", path)
    assert done.returncode == code, done.stderr.decode()
    assert said in done.stderr.decode()
    assert ("next: " in done.stderr.decode()) == ("error: " in done.stderr.decode())
    if code:
        # a summary would say that all was read
        assert b"summary" not in influx_validate("--json", path).stdout


def test_a_violation_is_a_line_for_people_with_everything_about_it(tmp_path: Path) -> None:
    path = tmp_path / "latest.jsonl"
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"count": 3, "sha256": hashlib.sha256(GOOD).hexdigest()}))
    raw = line_of(changed(setting("meta.score", 101), 2)) + line_of(
        changed(setting("followers_count", 64507000), 3)
    )
    path.write_bytes(GOOD + raw + line_of(changed(dropping("is_org"), 4)))
    done = influx_validate("--strict", "-m", manifest, path)
    assert done.returncode == 1
    assert done.stdout.decode().splitlines()[:-1] == [
        "line 2: error: meta.score = 101: the value is greater than the maximum of 100 [schema]",
        "line 3: warning: followers_count = 64507000: a follower count that ends in 000 or holds 12345 "
        "may be made up [suspicious-followers]",
        "line 4: error: is_org = absent: required, but absent [schema]",
        "file: error: manifest.count = 3: the file holds 4 records [manifest-count]",
    ]
    assert "[manifest-sha256]" in done.stdout.decode().splitlines()[-1]
    assert done.stderr.decode() == "4 records, 2 valid, 4 errors, 1 warnings\n"


def test_what_is_not_shown_is_counted_and_said(tmp_path: Path) -> None:
    path = tmp_path / "latest.jsonl"
    suspicious = [setting("followers_count", 1000), setting("followers_count", 2000)]
    path.write_bytes(
        b"".join(line_of(changed(one, number)) for number, one in enumerate(suspicious, 1))
        + b"no json\n" * 5
    )
    done = influx_validate("--strict", "--max-errors", 1, path)
    assert [line.split(b": ")[:2] for line in done.stdout.splitlines()] == [
        [b"line 1", b"warning"],
        [b"line 3", b"error"],
    ]
    assert done.stderr == (b"7 records, 2 valid, 5 errors, 2 warnings; 5 of these were not shown\n")
    assert done.returncode == 1
    (line,) = influx_validate("--json", "--max-errors", 0, path).stdout.splitlines()
    summary = json.loads(line)["summary"]
    assert (summary["errors"], summary["not_shown"]) == (5, 5)


def test_it_is_the_command_of_influx_m2(tmp_path: Path) -> None:
    path = tmp_path / "latest.jsonl"
    path.write_bytes(GOOD + b"no json\n")
    arguments = ["--strict", "-s", str(SCHEMA), str(path)]
    done = influx_validate(*arguments)
    same = subprocess.run(
        [str(BIN / "influx-m2"), "validate", *arguments], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        same.returncode,
        same.stdout,
        same.stderr,
    )
    assert done.returncode == 1


def test_a_terminal_that_knows_few_letters_is_told_in_escapes() -> None:
    raw = text("lang_primary", '"é日🎉"'.encode())
    done = influx_validate(stdin=raw, PYTHONIOENCODING="latin-1")
    assert done.returncode == 1
    assert "é\\u65e5\\U0001f389" in done.stdout.decode("latin-1")


def test_a_reader_that_goes_away_ends_it_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "latest.jsonl"
    path.write_bytes(b"no json\n" * 20_000)
    process = subprocess.Popen(
        [str(BIN / "influx-validate"), str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"line 1: error")
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1


# The memory that the process itself took at most: what it was started from does not count.
_MEASURED = """
import re, sys
from pathlib import Path
from extract.influx_validate import main
try:
    main()
finally:
    status = Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
"""


def peak_megabytes(code: int, *arguments: object) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return int(done.stderr.split()[-1]) / 1024


def release(folder: Path, size: int, *, packed: bool = False) -> tuple[object, ...]:
    """A release of so many bytes with its manifest: the arguments that name the two."""
    path = folder / f"{size}.jsonl"
    digest, count, written = hashlib.sha256(), 0, 0
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        while written < size:
            digits = b"%d" % (60_000_000 + count)
            raw = GOOD.replace(b"50393960", digits).replace(b"Author_1", b"A" + digits)
            digest.update(raw)
            written += file.write(raw)
            count += 1
    manifest = folder / f"{size}.json"
    manifest.write_text(json.dumps({"count": count, "sha256": digest.hexdigest()}))
    return "--strict", "-m", manifest, path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone tells the peak")
class TestMemory:
    def test_stays_flat_from_two_megabytes_to_thirty(self, tmp_path: Path) -> None:
        small = peak_megabytes(0, *release(tmp_path, 2_000_000))
        large = peak_megabytes(0, *release(tmp_path, 30_000_000))
        # 21,600 ids and handles: two tables of 32,768 slots, 16 bytes each, and half of one more
        assert large - small < 4

    @pytest.mark.skipif(not IS_LONG, reason="two minutes: make torture")
    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
    def test_of_a_gigabyte_is_below_300_megabytes(
        self, tmp_path: Path, packed: bool, capsys: pytest.CaptureFixture[str]
    ) -> None:
        peak = peak_megabytes(0, *release(tmp_path, 1_000_000_000, packed=packed))
        with capsys.disabled():
            print(f"\n1 GB{' as gzip' * packed}, strict, with manifest: {peak:.0f} MB at most")
        assert peak < 300

    def test_a_line_of_ten_megabytes_takes_a_few_times_as_much(self, tmp_path: Path) -> None:
        path = tmp_path / "latest.jsonl"
        path.write_bytes(LINES["ten megabytes"][0])
        assert peak_megabytes(0, path) < 150

    def test_a_line_without_an_end_is_not_read_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "latest.jsonl"
        with path.open("wb") as file:
            file.truncate(1_000_000_000)  # a hole: NUL bytes, and no line feed
        assert peak_megabytes(1, path) < 150

    @pytest.mark.parametrize(
        ("hostile", "rules"),
        [
            (b'"sources": [' + b"{}," * 300_000, {"schema", "source-evidence"}),
            (b'"x": [' + b"NaN," * 300_000 + b'0], "sources": [', {"non-finite-number"}),
        ],
        ids=["empty sources", "no numbers"],
    )
    def test_a_line_of_a_million_faults_is_told_in_part(
        self, tmp_path: Path, hostile: bytes, rules: set[str]
    ) -> None:
        path = tmp_path / "latest.jsonl"
        path.write_bytes(GOOD.replace(b'"sources": [', hostile))
        assert peak_megabytes(1, "--strict", path) < 150
        found = influx_validate("--strict", "--json", path).stdout.splitlines()[:-1]
        assert rules <= {json.loads(one)["rule"] for one in found}
        assert MOST_OF_A_LINE < len(found) < 3 * MOST_OF_A_LINE
        assert any(b"not looked for" in one for one in found)
