"""The JSON Schema of a published record, and schemas of other origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from harness import SAMPLE, needs_sample
from hypothesis import given, settings
from hypothesis import strategies as st
from published import (
    HASH,
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

from extract.errors import UsageError
from extract.release.validate import RULES, packaged_schema, read_object, validate_lines

REQUIRED = [
    *packaged_schema()["required"],
    *(f"meta.{key}" for key in packaged_schema()["definitions"]["meta"]["required"]),
    *(f"meta.sources.0.{key}" for key in ("method", "fetched_at", "evidence")),
]

METRICS = "meta.activity_metrics"

REFUSED_VALUES: dict[str, list[object]] = {
    "id": [50393960, "", "12a", "12345678901234567890", "-1", None],
    "handle": ["", "@author", "author name", "sixteen_letters_", "é", None],
    "name": ["", None, 5],
    "verified": ["gold", "", None, True],
    "followers_count": [-1, 1.5, "5", None, True],
    "is_org": ["false", 0, None],
    "is_official": ["no", 0, None],
    "lang_primary": ["eng", "EN", "en-us", "en_US", "", None],
    "topic_tags": ["media", {}, None],
    "meta": [[], "meta", None],
    "ext": [[], None],
    "provenance_hash": ["", "g" * 64, "a" * 63, None],
    "entry_threshold_passed": ["true", 1, None],
    "risk_flags": ["none", {}, None],
    "banned": ["no", 0, None],
    "description": [None, 5],
    "meta.score": [-0.1, 100.1, "50", None, True],
    "meta.last_refresh_at": [
        "2025-11-23T00:41:46+00:00Z",
        "2025-11-23T00:41:46+00:00+00:00",
        "2025-11-23T00:41:46ZZ",
        "2025-11-23T00:41:46",
        "2025-11-23 00:41:46Z",
        "2025-11-23",
        "2025-11-31T00:00:00Z",
        "2025-02-30T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-11-23T24:00:00Z",
        "2025-11-23T00:00:00.Z",
        "2025-11-23T00:00:00+0000",
        "",
        None,
        1763858506,
    ],
    "meta.sources": [[], {}, None],
    "meta.sources.0": ["x_api", None],
    "meta.sources.0.method": [None, 5],
    "meta.sources.0.fetched_at": ["yesterday", "2025-11-23T00:41:46+00:00Z", None],
    "meta.sources.0.evidence": ["", None],
    "meta.sources.0.extra": ["anything", None],
    "meta.provenance_hash": ["", "xyz", None],
    "meta.entry_threshold_passed": ["true", None],
    "meta.quality_score": [-1, 101, None],
    "meta.rank_global": [0, -3, 1.5, None],
    "meta.last_active_at": ["2025-11-23T00:41:53", "", None],
    "meta.activity_score": [-1, 100.5, None],
    "meta.relevance_score": [-1, 100.5, None],
    "meta.completeness": [-0.1, 1.1, None],
    "meta.score_version": [2, None],
    METRICS: [[], None],
    f"{METRICS}.tweet_count": [-1, 1.5, "4515", True],
    f"{METRICS}.total_like_count": [-1, "549"],
    f"{METRICS}.media_count": [-1, "0"],
    f"{METRICS}.listed_count": [-1, "0"],
    f"{METRICS}.following_count": [-1, "0"],
    f"{METRICS}.account_created_at": ["Wed Nov 15 13:18:50 +0000 2006", "", 5],
    f"{METRICS}.pinned_tweet_id": [1234567890123456789, "", "latest"],
    f"{METRICS}.most_recent_tweet_id": [1234567890123456789, "", "latest"],
    f"{METRICS}.posts_30d": [-1, 0.5],
    f"{METRICS}.window_days": [-1, "30"],
    f"{METRICS}.last_captured_at": ["2025-11-23T00:41:46+00:00+00:00", ""],
}

REFUSED_BY_SCHEMA = [
    *(pytest.param(path, dropping(path), id=f"{path}-absent") for path in REQUIRED),
    *(
        pytest.param(path, setting(path, value), id=f"{path}-{json.dumps(value)[:24]}")
        for path, values in REFUSED_VALUES.items()
        for value in values
    ),
    pytest.param("topic_tags.1", setting("topic_tags", ["ok", 5]), id="topic_tags-number-inside"),
]

ACCEPTED_CHANGES = [
    pytest.param(change, id=name)
    for name, change in {
        "nothing-changed": lambda record: None,
        "integral-float-count": setting("followers_count", 64507287.0),
        "no-followers": setting("followers_count", 0),
        "lower-bounds": setting("meta.score", 0),
        "upper-bounds": setting("meta.score", 100),
        "leap-second": setting("meta.last_refresh_at", "2016-12-31T23:59:60Z"),
        "leap-day": setting("meta.last_refresh_at", "2024-02-29T00:00:00-23:59"),
        "nanoseconds": setting("meta.last_refresh_at", "2024-02-28T00:00:00.123456789Z"),
        "unknown-metric-null": setting(f"{METRICS}.tweet_count", None),
        "no-pinned-post": setting(f"{METRICS}.pinned_tweet_id", None),
        "post-ids": setting(f"{METRICS}.most_recent_tweet_id", "1991234567890123456"),
        "recent-posts": setting(f"{METRICS}.posts_30d", 41),
        "no-metrics": dropping(METRICS),
        "no-ext": dropping("ext"),
        "no-tags": setting("topic_tags", []),
        "other-keys-on-top": setting("domain_consolidation", {"new_domain": "media"}),
        "other-keys-in-meta": setting("meta.rank_by_topic", 3),
        "other-keys-in-metrics": setting(f"{METRICS}.like_count", 549),
        "free-ext": setting("ext.anything", [{"deep": [None, True, 1e10]}]),
        "upper-case-hash": setting("provenance_hash", HASH.upper()),
        "right-to-left-name": setting("name", "\u202bמשה \u05d5\u05d4\u05d1\u202c"),
        "zero-width-name": setting("name", "\u200b\u200d\ufeff"),
        "emoji-name": setting("name", "👩‍🚀 🇧🇷 e\u0301"),
        "control-characters-escaped": setting("description", "line\nfeed\ttab\x1b[31m"),
        "ten-megabyte-description": setting("description", "x" * 10_000_000),
    }.items()
]


@pytest.mark.parametrize("change", ACCEPTED_CHANGES)
def test_a_sound_record_is_accepted_by_every_rule(change: Change) -> None:
    assert judged(line_of(changed(change)), strict=True) == []


@pytest.mark.parametrize(("path", "change"), REFUSED_BY_SCHEMA)
def test_the_schema_refuses_a_field_and_names_it(path: str, change: Change) -> None:
    found = judged(line_of(good_record(1)), line_of(changed(change)))

    field = "".join(f"[{s}]" if s.isdigit() else f".{s}" for s in path.split("."))[1:]
    assert places(found) == [(2, "schema", field)]
    assert found[0].severity == "error"


def test_the_schema_reads_an_id_with_a_line_feed_as_wrong() -> None:
    assert places(judged(line_of(changed(setting("id", "123\n"))))) == [(1, "schema", "id")]


def test_every_property_of_the_schema_has_a_case_that_it_refuses() -> None:
    schema = packaged_schema()
    definitions = schema["definitions"]
    paths = {
        *schema["properties"],
        *(f"meta.{key}" for key in definitions["meta"]["properties"]),
        *(f"meta.sources.0.{key}" for key in definitions["source"]["properties"]),
        *(f"{METRICS}.{key}" for key in definitions["activity_metrics"]["properties"]),
    }
    assert paths <= REFUSED_VALUES.keys()


def test_the_packaged_schema_is_a_draft_07_schema_and_says_what_every_property_is() -> None:
    schema = packaged_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"].startswith("urn:")

    def undescribed(node: Any, path: str) -> Iterator[str]:
        for key, held in node.get("properties", {}).items():
            target = held.get("$ref", "").removeprefix("#/definitions/")
            described = schema["definitions"][target] if target else held
            if not {"title", "description"} <= described.keys():
                yield f"{path}.{key}"

    nodes = {"": schema, **schema["definitions"]}
    assert [name for path, node in nodes.items() for name in undescribed(node, path)] == []


def disagreement(record: object) -> set[tuple[tuple[str | int, ...], str]]:
    """Where the reference library and the compiled one differ: (path, keyword) pairs."""
    schema = packaged_schema()
    reference = {
        (tuple(error.absolute_path), str(error.validator))
        for error in jsonschema.Draft7Validator(schema).iter_errors(record)
    }
    compiled = {
        (tuple(error.instance_path), error.kind.name)
        for error in jsonschema_rs.Draft7Validator(schema).iter_errors(record)
    }
    return reference ^ compiled


@pytest.mark.parametrize(("path", "change"), REFUSED_BY_SCHEMA)
def test_both_schema_libraries_refuse_the_same_for_the_same_keyword(
    path: str, change: Change
) -> None:
    assert disagreement(changed(change)) == set(), path


@pytest.mark.parametrize(("path", "change"), REFUSED_BY_SCHEMA)
def test_strict_rules_do_not_repeat_what_the_schema_has_said(path: str, change: Change) -> None:
    found = judged(line_of(good_record(1)), line_of(changed(change)), strict=True)

    assert {one.rule for one in found} <= {"schema", "provenance-hash"}
    assert len(found) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(
    path=st.sampled_from([path for path in REFUSED_VALUES if ".0" not in path]), value=json_values
)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_field_is_judged_without_a_traceback(path: str, value: object) -> None:
    raw = json.dumps(changed(setting(path, value))).encode() + b"\n"
    validation = validate_lines([raw], paranoid=True, manifest={"sort_order": value})
    for one in validation:
        assert one.rule in RULES
        assert (one.value + one.field).isprintable()
        assert json.loads(json.dumps(one.as_json())) == one.as_json()
    assert validation.summary.records == 1


@needs_sample
def test_both_schema_libraries_agree_on_every_real_record() -> None:
    for raw in SAMPLE.read_bytes().splitlines():
        assert disagreement(json.loads(raw)) == set()


@needs_sample
def test_real_records_are_refused_only_for_doubled_zones_and_organisations() -> None:
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    records = [json.loads(raw) for raw in lines]

    found = judged(*lines)
    assert {one.rule for one in found} == {"schema"}
    assert all(one.value.endswith(('+00:00Z"', '+00:00+00:00"')) for one in found)
    doubled = {one.line for one in found}
    assert len(doubled) == 4

    refused = {one.line for one in judged(*lines, strict=True) if one.severity == "error"}
    flagged = {
        line for line, held in enumerate(records, 1) if held["is_org"] or held["is_official"]
    }
    assert refused == doubled | flagged


def test_a_schema_of_another_draft_is_taken_by_its_own_word() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"pair": {"prefixItems": [{"const": 1}], "description": "x"}},
    }
    assert places(judged(b'{"pair": [2]}\n', schema=schema)) == [(1, "schema", "pair[0]")]


def test_a_format_is_an_annotation_as_in_the_reference_library() -> None:
    schema = {"properties": {"at": {"type": "string", "format": "date-time"}}}
    assert judged(b'{"at": "2025-11-23T00:00:00+00:00Z"}\n', schema=schema) == []


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "sentence"}, id="unknown-type"),
        pytest.param({"properties": {"a": {"pattern": "("}}}, id="pattern-does-not-compile"),
        pytest.param({"$ref": "#/definitions/nothing"}, id="dangling-reference"),
        pytest.param({"$ref": "https://example.org/schema.json"}, id="reference-over-the-network"),
        pytest.param({"$schema": "urn:unknown"}, id="unknown-draft"),
    ],
)
def test_a_schema_that_cannot_be_used_is_a_usage_error(schema: Record) -> None:
    with pytest.raises(UsageError, match="the JSON Schema cannot be used") as caught:
        validate_lines([], schema=schema)
    assert caught.value.next_step


def test_a_reference_to_another_file_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"type": "object"}')
    with pytest.raises(UsageError, match="the JSON Schema cannot be used"):
        validate_lines([], schema={"$ref": other.as_uri()})


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000], ids=lambda held: repr(held[:5])
)
def test_a_schema_file_that_holds_no_object_is_a_usage_error(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"schema\.json: the schema ") as caught:
        read_object(path, noun="schema")
    assert caught.value.next_step


def test_a_missing_manifest_is_a_usage_error_and_a_byte_order_mark_is_not(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(UsageError, match="the manifest cannot be read"):
        read_object(path, noun="manifest")
    path.write_text('{"count": 1}', "utf-8-sig")
    assert read_object(path, noun="manifest") == {"count": 1}
