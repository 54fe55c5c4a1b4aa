"""Validation of a written file: every rule once, every torture of text, manifest and summary."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import (
    Change,
    Record,
    changed,
    dropping,
    good_record,
    judged,
    line_of,
    places,
    setting,
)

from extract.errors import DataRefused
from extract.release.rules import FirstLines
from extract.release.validate import RULES, Summary, open_records, validate_lines
from extract.release.violation import json_text

EARLIER_ID = good_record(1)["id"]

REFUSED_BY_STRICT = [
    pytest.param(rule, field, change, id=f"{rule}-{name}")
    for rule, field, name, change in [
        ("org-account", "is_org", "true", setting("is_org", True)),
        ("official-account", "is_official", "true", setting("is_official", True)),
        (
            "entry-threshold",
            "meta.entry_threshold_passed",
            "meta",
            setting("meta.entry_threshold_passed", False),
        ),
        (
            "entry-threshold",
            "entry_threshold_passed",
            "top",
            setting("entry_threshold_passed", False),
        ),
        ("placeholder-id", "id", "prefix", setting("id", "1234567890000000123")),
        ("duplicate-id", "id", "same", setting("id", EARLIER_ID)),
        ("duplicate-handle", "handle", "same", setting("handle", "Author_1")),
        ("duplicate-handle", "handle", "other-case", setting("handle", "aUTHOR_1")),
        ("test-handle", "handle", "test", setting("handle", "test_me")),
        ("test-handle", "handle", "mock", setting("handle", "mock_1")),
        ("test-handle", "handle", "fixture", setting("handle", "fixture_x")),
        ("test-handle", "handle", "sample", setting("handle", "Sample_7")),
        ("test-handle", "handle", "tmp", setting("handle", "TMP_")),
        ("deprecated-field", "metrics_30d", "top", setting("metrics_30d", {"posts": 3})),
        ("deprecated-field", "meta.metrics_30d", "meta", setting("meta.metrics_30d", None)),
        ("deprecated-field", "ext.metrics_30d", "ext", setting("ext.metrics_30d", {})),
        (
            "deprecated-field",
            "ext.history[0].metrics_30d",
            "deep",
            setting("ext.history", [{"metrics_30d": 1}]),
        ),
        (
            "source-evidence",
            "meta.sources[0].evidence",
            "blank",
            setting("meta.sources.0.evidence", " \t"),
        ),
        ("provenance-hash", "provenance_hash", "absent", dropping("provenance_hash")),
    ]
]

LAX_SCHEMA: Record = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}

REFUSED_UNDER_A_LAX_SCHEMA = [
    pytest.param(rule, field, change, id=f"{rule}-{name}")
    for rule, field, name, change in [
        ("org-account", "is_org", "null", setting("is_org", None)),
        ("official-account", "is_official", "text", setting("is_official", "no")),
        (
            "entry-threshold",
            "meta.entry_threshold_passed",
            "absent",
            dropping("meta.entry_threshold_passed"),
        ),
        ("id-format", "id", "number", setting("id", 50393960)),
        ("id-format", "id", "twenty-digits", setting("id", "9" * 20)),
        ("id-format", "id", "other-digits", setting("id", "١٢٣")),
        ("id-format", "id", "line-feed", setting("id", "123\n")),
        ("id-format", "id", "absent", dropping("id")),
        ("source-evidence", "meta.sources", "no-sources", setting("meta.sources", [])),
        ("source-evidence", "meta.sources", "absent", dropping("meta.sources")),
        ("source-evidence", "meta.sources[0]", "not-an-object", setting("meta.sources.0", "x_api")),
        (
            "source-evidence",
            "meta.sources[0].evidence",
            "absent",
            dropping("meta.sources.0.evidence"),
        ),
        (
            "source-fetched-at",
            "meta.sources[0].fetched_at",
            "absent",
            dropping("meta.sources.0.fetched_at"),
        ),
        (
            "source-fetched-at",
            "meta.sources[0].fetched_at",
            "empty",
            setting("meta.sources.0.fetched_at", ""),
        ),
        ("provenance-hash", "provenance_hash", "empty", setting("provenance_hash", "")),
        ("provenance-hash", "provenance_hash", "null", setting("provenance_hash", None)),
    ]
]


@pytest.mark.parametrize(("rule", "field", "change"), REFUSED_BY_STRICT)
def test_a_strict_rule_refuses_a_field_and_names_it(rule: str, field: str, change: Change) -> None:
    lines = line_of(good_record(1)), line_of(changed(change))

    assert places(judged(*lines, strict=True)) == [(2, rule, field)]
    assert judged(*lines) == []


@pytest.mark.parametrize(("rule", "field", "change"), REFUSED_UNDER_A_LAX_SCHEMA)
def test_a_strict_rule_holds_whatever_the_schema_allows(
    rule: str, field: str, change: Change
) -> None:
    lines = line_of(good_record(1)), line_of(changed(change))

    assert places(judged(*lines, strict=True, schema=LAX_SCHEMA)) == [(2, rule, field)]


def test_all_violations_of_a_record_are_listed() -> None:
    record = good_record(1)
    record |= {"id": "1234567890000000x", "handle": "test_", "is_org": True, "name": ""}
    record["meta"]["score"] = 101
    record["meta"]["sources"].append({"method": "x", "note": 1})

    assert places(judged(line_of(record), strict=True)) == [
        (1, "schema", "id"),
        (1, "schema", "meta.score"),
        (1, "schema", "meta.sources[1].evidence"),
        (1, "schema", "meta.sources[1].fetched_at"),
        (1, "schema", "meta.sources[1].note"),
        (1, "schema", "name"),
        (1, "placeholder-id", "id"),
        (1, "test-handle", "handle"),
        (1, "org-account", "is_org"),
    ]


def test_a_duplicate_names_the_line_that_came_first() -> None:
    lines = [line_of(good_record(number)) for number in (1, 2, 3, 2)]

    assert [one.message for one in judged(*lines, strict=True)] == [
        "line 2 has the same id",
        "line 2 has the same handle in some case",
    ]


@pytest.mark.parametrize("text", ["the metrics_30d of old", "\\u escaped"])
def test_a_text_that_mentions_the_deprecated_field_is_no_field(text: str) -> None:
    assert judged(line_of(changed(setting("description", text))), strict=True) == []


def test_an_escaped_spelling_does_not_hide_the_deprecated_field() -> None:
    raw = line_of(changed(setting("metrics_30d", 1))).replace(b"metrics_30d", b"metrics\\u005f30d")
    assert places(judged(raw, strict=True)) == [(1, "deprecated-field", "metrics_30d")]


@pytest.mark.parametrize("followers", [1000, 64507000, 64507000.0, 123456, 9123450])
def test_a_suspicious_follower_count_is_a_warning_and_an_error_when_paranoid(
    followers: float,
) -> None:
    raw = line_of(changed(setting("followers_count", followers)))
    expected = [(1, "suspicious-followers", "followers_count")]

    strict, paranoid = judged(raw, strict=True), judged(raw, paranoid=True)
    assert (places(strict), strict[0].severity) == (expected, "warning")
    assert (places(paranoid), paranoid[0].severity) == (expected, "error")
    assert judged(raw) == []


@pytest.mark.parametrize("followers", [0, 100, 50100, 1234, 1000001])
def test_an_ordinary_follower_count_is_not_suspicious(followers: int) -> None:
    raw = line_of(changed(setting("followers_count", followers)))
    assert judged(raw, paranoid=True) == []


def spliced(old: bytes, new: bytes) -> bytes:
    """The good record's line with one piece of its text replaced."""
    raw = line_of(good_record(2))
    assert raw.count(old) == 1
    return raw.replace(old, new)


GOOD = line_of(good_record(2))

TORTURED = [
    pytest.param(rule, field, raw, id=f"{rule}-{name}")
    for rule, field, name, raw in [
        ("blank-line", "$", "empty", b"\n"),
        ("blank-line", "$", "spaces", b" \t \n"),
        ("byte-order-mark", "$", "before-record", b"\xef\xbb\xbf" + GOOD),
        ("line-end", "$", "crlf", GOOD[:-1] + b"\r\n"),
        ("line-end", "$", "two-cr", GOOD[:-1] + b"\r\r\n"),
        ("not-utf-8", "$", "latin-1", spliced(b"Author 2", b"Andr\xe9")),
        ("not-utf-8", "$", "raw-surrogate", spliced(b"Author 2", b"\xed\xa0\x80")),
        ("not-utf-8", "$", "overlong", spliced(b"Author 2", b"\xc0\xaf")),
        ("nul-character", "$", "utf-16", GOOD.decode().encode("utf-16")[:-1]),
        ("nul-character", "$", "raw", spliced(b"Author 2", b"Auth\x00or")),
        ("nul-character", "$", "hole", b"\x00" * 4096 + b"\n"),
        ("nul-character", "name", "escaped", spliced(b"Author 2", rb"Auth\u0000or")),
        ("not-json", "$", "words", b"no json\n"),
        ("not-json", "$", "cut-short", GOOD[:200] + b"\n"),
        ("not-json", "$", "two-records", GOOD[:-1] + GOOD),
        ("not-json", "$", "raw-control-character", spliced(b"Author 2", b"Auth\x1bor")),
        ("not-json", "$", "trailing-comma", GOOD[:-2] + b",}\n"),
        ("not-json", "$", "single-quotes", b"{'id': '1'}\n"),
        ("not-json", "$", "five-thousand-digits", spliced(b"64507287", b"9" * 5000)),
        ("not-an-object", "$", "array", b"[" + GOOD[:-1] + b"]\n"),
        ("not-an-object", "$", "text", b'"x"\n'),
        ("not-an-object", "$", "null", b"null\n"),
        ("not-an-object", "$", "nan", b"NaN\n"),
        ("nested-too-deep", "$", "arrays", b'{"id": ' + b"[" * 100_000 + b"\n"),
        ("nested-too-deep", "$", "objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n"),
        ("duplicate-key", "id", "top", spliced(b'"name"', b'"id": "50393961", "name"')),
        ("duplicate-key", "meta.score", "meta", spliced(b'"score"', b'"score": 200, "score"')),
        (
            "duplicate-key",
            "meta.sources[0].method",
            "array",
            spliced(b'"method"', b'"method": 1, "method"'),
        ),
        ("duplicate-key", "name", "escaped", spliced(b'"name"', rb'"n\u0061me": "x", "name"')),
        (
            "duplicate-key",
            'ext["a key"]',
            "odd",
            spliced(b'"ext": {', b'"ext": {"a key":1,"a key":2,'),
        ),
        ("non-finite-number", "meta.score", "nan", spliced(b"67.7", b"NaN")),
        ("non-finite-number", "meta.score", "infinity", spliced(b"67.7", b"Infinity")),
        ("non-finite-number", "meta.score", "minus-infinity", spliced(b"67.7", b"-Infinity")),
        ("non-finite-number", "meta.score", "overflow", spliced(b"67.7", b"1e999")),
        (
            "non-finite-number",
            "ext.x[1]",
            "free-field",
            spliced(b'"ext": {', b'"ext": {"x": [1, -1e999],'),
        ),
        ("lone-surrogate", "name", "high", spliced(b"Author 2", rb"Auth\ud800or")),
        ("lone-surrogate", "name", "low", spliced(b"Author 2", rb"\udc00")),
        ("lone-surrogate", r'ext["\ud83d"]', "key", spliced(b'"ext": {', rb'"ext": {"\ud83d": 1,')),
    ]
]


@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
@pytest.mark.parametrize(("rule", "field", "raw"), TORTURED)
def test_a_tortured_line_is_a_violation_and_the_next_line_is_judged(
    rule: str, field: str, raw: bytes, strict: bool
) -> None:
    lines = [line_of(good_record(1)), raw, line_of(changed(setting("name", ""), 3))]

    found = judged(*lines, strict=strict)
    assert places(found) == [(2, rule, field), (3, "schema", "name")]
    assert all(len(one.value) <= 121 and one.value.isprintable() for one in found)


def test_several_faults_of_one_text_are_all_reported() -> None:
    raw = b"\xef\xbb\xbf" + spliced(b"Author 2", b"\\u0000").replace(b"67.7", b"NaN")[:-1] + b"\r\n"

    assert places(judged(raw)) == [
        (1, "line-end", "$"),
        (1, "byte-order-mark", "$"),
        (1, "nul-character", "name"),
        (1, "non-finite-number", "meta.score"),
    ]


def test_faults_of_a_text_are_reported_from_the_outside_in() -> None:
    raw = GOOD.replace(b'"ext": {', b'"ext": {"a": NaN,').replace(b"67.7", b"NaN")
    raw = raw.replace(b'"banned": false', b'"banned": NaN')

    assert [one.field for one in judged(raw)] == ["banned", "meta.score", "ext.a"]


def test_a_record_with_a_lone_surrogate_has_its_other_fields_judged() -> None:
    raw = spliced(b"Author 2", b"\\ud800").replace(b"67.7", b"101")

    assert places(judged(raw, strict=True)) == [
        (1, "lone-surrogate", "name"),
        (1, "schema", "meta.score"),
    ]


def test_a_surrogate_pair_written_as_escapes_is_a_character() -> None:
    assert judged(spliced(b"Author 2", b"\\ud83d\\ude00"), strict=True) == []


def test_five_hundred_levels_are_not_too_deep() -> None:
    raw = spliced(b'"ext": {', b'"ext": {"deep": ' + b"[" * 500 + b"]" * 500 + b",")
    assert judged(raw, strict=True) == []


def test_a_last_line_without_a_line_feed_is_a_warning() -> None:
    found = judged(line_of(good_record(1)), GOOD[:-1], strict=True)

    assert places(found) == [(2, "final-newline", "$")]
    assert found[0].severity == "warning"


@given(raw=st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_judged_without_a_traceback(raw: bytes) -> None:
    validation = validate_lines([raw, GOOD], paranoid=True, manifest={})
    assert all(one.rule in RULES for one in validation)
    assert validation.summary.errors >= 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("plain", '"plain"', id="text"),
        pytest.param("é 日本", '"é 日本"', id="any-script"),
        pytest.param("\x1b[31m\x9b", '"\\u001b[31m\\u009b"', id="terminal-escapes"),
        pytest.param("\u202eevil\u200b", '"\\u202eevil\\u200b"', id="bidirectional-zero-width"),
        pytest.param("\ud800", '"\\ud800"', id="lone-surrogate"),
        pytest.param("x" * 10_000_000, '"' + "x" * 119 + "…", id="long-text"),
        pytest.param(list(range(1000)), str(list(range(1000)))[:120] + "…", id="long-array"),
        pytest.param("\0" * 100, ('"' + "\\u0000" * 100)[:120] + "…", id="long-escapes"),
        pytest.param(None, "null", id="null"),
    ],
)
def test_a_value_is_shown_short_and_printable(value: object, shown: str) -> None:
    assert json_text(value) == shown


def ranked(*scores: float) -> list[bytes]:
    return [
        line_of(changed(setting("meta.score", score), number))
        for number, score in enumerate(scores, 1)
    ]


def manifest_of(lines: list[bytes]) -> Record:
    return {
        "schema_version": "1",
        "count": len(lines),
        "sha256": hashlib.sha256(b"".join(lines)).hexdigest(),
        "sort_order": "score descending, followers descending, handle ascending",
    }


REFUSED_MANIFESTS = [
    pytest.param((0, "manifest-count", "manifest.count"), {"count": 1}, id="count-low"),
    pytest.param((0, "manifest-count", "manifest.count"), {"count": "3"}, id="count-text"),
    pytest.param((0, "manifest-count", "manifest.count"), {"count": None}, id="count-null"),
    pytest.param((0, "manifest-sha256", "manifest.sha256"), {"sha256": "0" * 64}, id="other-hash"),
    pytest.param((0, "manifest-sha256", "manifest.sha256"), {"sha256": None}, id="hash-null"),
]


def test_a_file_that_keeps_its_manifest_passes() -> None:
    lines = ranked(90, 90, 40.5)
    manifest = manifest_of(lines)

    assert judged(*lines, strict=True, manifest=manifest) == []
    assert judged(*lines, manifest=manifest | {"sha256": manifest["sha256"].upper()}) == []


@pytest.mark.parametrize(("place", "change"), REFUSED_MANIFESTS)
def test_a_broken_promise_of_the_manifest_is_an_error_of_the_file(
    place: tuple[int, str, str], change: Record
) -> None:
    lines = ranked(90, 80, 70)

    found = judged(*lines, manifest=manifest_of(lines) | change)
    assert places(found) == [place]
    assert found[0].severity == "error"


def test_a_manifest_without_count_and_hash_keeps_no_promise() -> None:
    found = judged(*ranked(90), manifest={})

    assert [(one.rule, one.value) for one in found] == [
        ("manifest-count", "absent"),
        ("manifest-sha256", "absent"),
    ]


def test_true_is_not_the_count_of_one_record() -> None:
    lines = ranked(90)
    found = judged(*lines, manifest=manifest_of(lines) | {"count": True})
    assert places(found) == [(0, "manifest-count", "manifest.count")]


def test_blank_lines_are_no_records_for_the_manifest() -> None:
    lines = [*ranked(90), b"\n"]
    manifest = manifest_of(lines) | {"count": 1}

    assert places(judged(*lines, manifest=manifest)) == [(2, "blank-line", "$")]


@pytest.mark.parametrize(
    ("field", "above", "below"),
    [
        pytest.param("meta.score", 40, 41, id="score"),
        pytest.param("followers_count", 51234, 51235, id="followers-at-equal-scores"),
        pytest.param("handle", "b", "A", id="handle-by-lower-case"),
        pytest.param("handle", "Z", "_", id="handle-by-lower-case-bytes"),
    ],
)
def test_a_record_out_of_the_order_that_the_manifest_names_is_an_error(
    field: str, above: object, below: object
) -> None:
    lines = [line_of(changed(setting(field, above), 1)), line_of(changed(setting(field, below), 2))]

    assert places(judged(*lines, manifest=manifest_of(lines))) == [(2, "sort-order", "handle")]
    assert judged(*lines, strict=True) == []
    assert judged(*lines, manifest=manifest_of(lines) | {"sort_order": None}) == []

    lines.reverse()
    assert judged(*lines, manifest=manifest_of(lines)) == []


def test_an_order_that_is_not_known_is_said_and_not_checked() -> None:
    lines = ranked(40, 50)

    found = judged(*lines, manifest=manifest_of(lines) | {"sort_order": "by the moon"})
    assert [(one.rule, one.severity) for one in found] == [("sort-order", "warning")]


def test_every_rule_has_a_case() -> None:
    cases = [*REFUSED_BY_STRICT, *REFUSED_UNDER_A_LAX_SCHEMA, *TORTURED]
    tested = {str(case.values[0]) for case in cases} | {"manifest-count", "manifest-sha256"}
    tested |= {"schema", "final-newline", "suspicious-followers", "sort-order"}

    assert tested == RULES.keys()


def test_the_summary_counts_and_hashes_what_was_read() -> None:
    suspicious = line_of(changed(setting("followers_count", 64507000), 3))
    lines = [line_of(good_record(1)), b"no json\n", suspicious, b"\n", GOOD, GOOD]

    validation = validate_lines(iter(lines), strict=True)
    errors = [one for one in validation if one.severity == "error"]
    assert len(errors) == 4
    assert validation.summary == Summary(
        records=5,
        valid=3,
        errors=4,
        warnings=1,
        sha256=hashlib.sha256(b"".join(lines)).hexdigest(),
    )
    assert not validation.summary.passed


def test_the_summary_judges_what_was_not_iterated() -> None:
    validation = validate_lines([b"no json\n"] * 5)
    assert next(validation).line == 1
    assert validation.summary.errors == 5
    assert validate_lines([GOOD]).summary.passed


def test_an_input_that_breaks_off_has_no_summary(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(gzip.compress(GOOD * 100)[:-9])
    validation = validate_lines(open_records(cut))

    with pytest.raises(DataRefused):
        list(validation)
    with pytest.raises(RuntimeError, match="broke off"):
        _ = validation.summary


def test_a_violation_as_json_has_its_fields_in_order() -> None:
    (found,) = judged(line_of(changed(setting("meta.score", 101))))
    assert list(found.as_json().items()) == [
        ("line", 1),
        ("field", "meta.score"),
        ("value", "101"),
        ("rule", "schema"),
        ("message", "the value is greater than the maximum of 100"),
        ("severity", "error"),
    ]


def test_a_pattern_is_explained_in_words() -> None:
    (found,) = judged(line_of(changed(setting("meta.last_refresh_at", "2025-11-23T00:00:00ZZ"))))
    assert "RFC 3339 with exactly one zone" in found.message


@given(st.lists(st.text(max_size=3)))
@settings(deadline=None)
def test_first_lines_remembers_like_a_dict(texts: list[str]) -> None:
    table, oracle = FirstLines(), dict[str, int]()
    for line, text in enumerate(texts, 1):
        assert table.first(text, line) == oracle.get(text)
        oracle.setdefault(text, line)


def test_first_lines_keeps_its_memory_while_it_grows() -> None:
    table = FirstLines()
    for line in range(1, 20_001):
        assert table.first(str(line), line) is None
    assert all(table.first(str(line), 99_999) == line for line in range(1, 20_001))
