"""A release is whole or absent, the same bytes each time, and worth the score it was made with."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
from harness import SAMPLE, Workplace, as_table, needs_sample
from test_landing import SEEN, lines, record, user

from extract.release.validate import packaged_schema

KEYS = [
    *(
        "id",
        "handle",
        "name",
        "verified",
        "followers_count",
        "is_org",
        "is_official",
        "lang_primary",
    ),
    *("topic_tags", "meta", "ext", "provenance_hash", "entry_threshold_passed", "risk_flags"),
    *("banned", "description"),
]


def built(folder: Path, *landings: str | Path, observed_at: str = SEEN) -> Workplace:
    workplace = Workplace(folder)
    for number, landing in enumerate(landings):
        path = landing
        if isinstance(landing, str):
            path = workplace.write(f"landing-{number}.jsonl", landing)
        workplace.succeed("harvest", "--from", path, "--observed-at", observed_at)
    workplace.build()
    return workplace


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, sample_warehouse: Path) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("sample"))
    shutil.copy(sample_warehouse, workplace.warehouse)
    return workplace


def released(out: Path) -> list[Path]:
    """The folders of releases, whole or not, that readers may see."""
    return sorted(path for path in (out / "releases").iterdir() if path.is_dir())


def published(workplace: Workplace) -> list[dict[str, Any]]:
    text = (workplace.out / "latest" / "latest.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


@needs_sample
class TestTheRealSample:
    def test_two_exports_are_the_same_to_the_byte(self, sample: Workplace) -> None:
        files = ("latest.jsonl", "latest.jsonl.gz", "manifest.json")
        written = []
        for out in ("first", "second", "second"):
            sample.succeed(*("export", "--out", sample.folder / out, "--model", "m2.0", "--force"))
            latest = sample.folder / out / "latest"
            written.append([(latest / name).read_bytes() for name in files])
        assert written[0] == written[1] == written[2]
        assert len(released(sample.folder / "second")) == 1

    @pytest.mark.parametrize("model", ["m0", "m2.0", "m2.1"])
    def test_the_release_is_what_records_md_says(self, sample: Workplace, model: str) -> None:
        sample.publish("--model", model)
        raw = (sample.out / "latest" / "latest.jsonl").read_bytes()
        records = published(sample)
        manifest = json.loads((sample.out / "latest" / "manifest.json").read_text())
        assert manifest["count"] == len(records) > 80
        assert manifest["sha256"] == hashlib.sha256(raw).hexdigest()
        packed = (sample.out / "latest" / "latest.jsonl.gz").read_bytes()
        assert manifest["sha256_gz"] == hashlib.sha256(packed).hexdigest()
        assert gzip.decompress(packed) == raw
        assert len(manifest["verdicts"]) == 9
        stopped = any(one["verdict"] == "NO-GO" for one in manifest["verdicts"])
        assert (manifest["gate"], manifest["forced"]) == ("NO-GO" if stopped else "GO", stopped)
        assert manifest["score_version"] == model
        checker = jsonschema.Draft7Validator(packaged_schema())
        for number, one in enumerate(records, 1):
            assert not list(checker.iter_errors(one))
            assert list(one) == [key for key in KEYS if key in one]
            identity = {
                "followers_count": one["followers_count"], "id": one["id"],
                "username": one["handle"], "verified": one["verified"],
            }  # fmt: skip
            compact = json.dumps(identity, sort_keys=True, separators=(",", ":"))
            assert one["provenance_hash"] == hashlib.sha256(compact.encode()).hexdigest()
            assert one["meta"]["provenance_hash"] == one["provenance_hash"]
            assert one["meta"]["rank_global"] == number
        order = [
            (-r["meta"]["score"], -r["followers_count"], r["handle"].lower().encode())
            for r in records
        ]
        assert order == sorted(order)

    def test_importing_a_release_and_scoring_it_again_gives_the_same_scores(
        self, sample: Workplace, tmp_path: Path
    ) -> None:
        sample.publish("--model", "m2.0")
        again = built(tmp_path, sample.out / "latest" / "latest.jsonl.gz")
        again.publish("--model", "m2.0")
        assert published(again) == published(sample)

    def test_strict_validation_with_the_manifest_agrees(self, sample: Workplace) -> None:
        sample.publish("--model", "m2.0")
        latest = sample.out / "latest"
        sample.succeed(
            "validate", "--strict", "-m", latest / "manifest.json", latest / "latest.jsonl.gz"
        )

    def test_the_alias_m2_is_the_current_m2(self, sample: Workplace) -> None:
        sample.publish()
        manifest = json.loads((sample.out / "latest" / "manifest.json").read_text())
        current = sample.value("select model_version from staging.score_models where alias = 'm2'")
        assert manifest["score_version"] == current

    def test_an_unknown_model_is_a_usage_error_that_names_the_known(
        self, sample: Workplace
    ) -> None:
        assert "m0, m2.0" in sample.refuse(2, "export", "--out", sample.out, "--model", "m3")

    def test_a_folder_that_cannot_be_written_is_an_environment_error(
        self, sample: Workplace
    ) -> None:
        blocked = sample.write("a-file", "")
        assert "cannot be written" in sample.refuse(
            4, "export", "--out", blocked / "out", "--force"
        )

    def test_a_warehouse_open_elsewhere_names_the_process(self, sample: Workplace) -> None:
        import os

        with duckdb.connect(str(sample.warehouse)):
            for command in (
                ["export"],
                ["build"],
                ["harvest", "--from", SAMPLE],
                ["sql", "select 1"],
            ):
                message = sample.refuse(4, *command)
                assert f"(process {os.getpid()})" in message
                assert "nothing was changed" in message


def test_text_of_every_kind_comes_out_as_it_went_in(tmp_path: Path) -> None:
    name = 'Ünï "quoted" \\ 🎉 \u202eright to left\u200b\x01'
    bio = "line one\nline two\ttab, comma; 'single' {brace} \u2028 \\n <script>alert(1)</script>"
    workplace = built(
        tmp_path, lines(user(9223372036854775806, username="Nasty", name=name, description=bio))
    )
    workplace.publish()
    (one,) = published(workplace)
    assert (one["name"], one["description"], one["id"]) == (name, bio, "9223372036854775806")
    raw = (workplace.out / "latest" / "latest.jsonl").read_bytes()
    assert "Ünï".encode() in raw
    assert raw.count(b"\n") == 1


def test_what_is_not_known_is_not_published(tmp_path: Path) -> None:
    workplace = built(tmp_path, lines(record(1)))
    workplace.publish()
    (one,) = published(workplace)
    assert "description" not in one
    assert one["ext"] == {}
    assert "activity_metrics" not in one["meta"]
    assert "last_active_at" not in one["meta"]
    assert one["meta"]["activity_score"] == 30.0


def test_nothing_publishable_replaces_nothing(tmp_path: Path) -> None:
    workplace = built(tmp_path, lines(user(1)))
    workplace.publish()
    before = (workplace.out / "latest").resolve()
    workplace.succeed(
        "harvest", "--from", workplace.write("p.jsonl", lines(user(1, protected=True))),
        "--observed-at", "2025-12-01T00:00:00Z",
    )  # fmt: skip
    workplace.build()
    for options in ([], ["--force"]):
        assert "NO-GO" in workplace.refuse(1, "export", "--out", workplace.out, *options)
    assert (workplace.out / "latest").resolve() == before
    assert len(released(workplace.out)) == 1


def test_landed_but_not_built_is_no_go_unless_forced(tmp_path: Path) -> None:
    workplace = built(tmp_path, lines(user(1)))
    workplace.succeed(
        "harvest", "--from", workplace.write("n.jsonl", lines(user(2))), "--observed-at", SEEN
    )
    assert "has not been built" in workplace.refuse(1, "export", "--out", workplace.out)
    assert not (workplace.out / "latest").exists()
    workplace.publish()
    manifest = json.loads((workplace.out / "latest" / "manifest.json").read_text())
    assert manifest["gate"] == "NO-GO"
    assert manifest["objections"] == ["what was landed last has not been built"]


def test_a_record_that_is_not_valid_is_no_go_and_no_force_helps(tmp_path: Path) -> None:
    workplace = built(tmp_path, lines(user(1)))
    with duckdb.connect(str(workplace.warehouse)) as connection:
        as_table(connection, "marts.release_records")
        connection.execute("update marts.release_records set lang_primary = 'English'")
    message = workplace.refuse(1, "export", "--out", workplace.out, "--force")
    assert "line 1, lang_primary" in message
    assert not (workplace.out / "latest").exists()
    assert [path.name for path in (workplace.out / "releases").iterdir()] == [".lock"]


def test_a_reader_of_latest_always_finds_a_whole_release(tmp_path: Path) -> None:
    workplace = built(tmp_path, lines(user(1)))
    workplace.publish("--model", "m0")
    workplace.publish("--model", "m2.0")
    latest = workplace.out / "latest"
    assert latest.is_symlink()
    assert len(released(workplace.out)) == 2
    assert {path.name for path in latest.iterdir()} == {
        *("latest.jsonl", "latest.jsonl.gz", "manifest.json", "gate.json", "changes.json")
    }
    assert not [path for path in workplace.out.iterdir() if path.name.startswith(".")]


def test_a_handle_that_changed_hands_belongs_to_the_author_seen_last(tmp_path: Path) -> None:
    old = record(1, handle="Taken", meta={"last_refresh_at": "2025-01-01T00:00:00Z"})
    new = record(2, handle="taken", meta={"last_refresh_at": "2025-06-01T00:00:00Z"})
    workplace = built(tmp_path, lines(old, new))
    workplace.publish()
    assert [one["id"] for one in published(workplace)] == ["2"]
    assert workplace.rows("select author_id, rule from marts.excluded_authors") == [
        {"author_id": "1", "rule": "handle_reassigned"}
    ]


def test_one_absurd_record_does_not_stop_the_others(tmp_path: Path) -> None:
    absurd = [
        record(2, name="nul\0name", description="a\0b", topic_tags=["a\0", None, ""]),
        record(3, tweet_count=-5, listed_count="many", media_count=10**30, pinned_tweet_id="none"),
        record(4, lang_primary="English", verified="gold", risk_flags="x", followers_count="70000"),
        record(
            5, meta={"sources": [{"method": "m"}, {"evidence": "e"}, 7], "last_refresh_at": "soon"}
        ),
        record(
            6,
            meta={"last_refresh_at": "99999-01-01T00:00:00Z", "sources": "none"},
            ext=[],
            public_metrics=3,
        ),
        record(7, account_created_at="0001-01-01T00:00:00Z", most_recent_tweet_id="9" * 25),
        record(8, topic_tags="ml", is_org=None, is_official="no", banned=0),
        user(
            9,
            public_metrics={"followers_count": 90_000, "tweet_count": -1, "like_count": "x"},
            created_at="never",
        ),
        user(10, public_metrics=None, protected=True),
        user(11, public_metrics={"followers_count": -7}),
        user(12, name=""),
        user(
            13,
            name=None,
            entities={"url": 5, "description": {"urls": {}}},
            withheld={"country_codes": ["DE"]},
        ),
        user(
            14, verified="yes", verified_type=["blue"], pinned_tweet_id=12345678901234567890, url=7
        ),
    ]
    workplace = built(tmp_path, lines(record(1), *absurd))
    workplace.publish()
    assert {one["id"] for one in published(workplace)} == {
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "14",
    }
    assert {row["author_id"]: row["rule"] for row in workplace.rows("from marts.excluded_authors")} == {
        "10": "unpublishable_followers", "11": "unpublishable_followers",
        "12": "unpublishable_name", "13": "unpublishable_name",
    }  # fmt: skip
    assert published(workplace)[0].keys() <= set(KEYS)
