"""The release gate: each criterion alone stops a release, and every number it goes by is counted anew here."""

from __future__ import annotations

import json
import shutil
import statistics
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from harness import Workplace, as_table, needs_sample
from test_export import released
from test_landing import SEEN, lines, record, user
from test_status import Ledger

CRITERIA = (
    *("coverage", "distribution", "differentiation", "freshness", "failures", "zero_scores"),
    *("composition", "schema", "integrity"),
)
AUTHORS = 40
METRICS_AT = "2025-11-20T00:00:00Z"
HARVEST_AT = "2025-11-28 06:00:00"
GATE = ("handle_outcomes", "gate_measures", "release_gate")

# What spoils a release in one respect: a model version of that name publishes what m0 does, but for this.
SPOILT = {
    "coverage": "has_metrics = false where rank_global <= 3",
    "distribution": "score = 99 - rank_global where rank_global <= 3",
    "differentiation": "score = 50 - rank_global / 10 where rank_global > 3",
    "freshness": "observed_at = timestamp '2025-10-29 06:00:00' where rank_global <= 3",
    "zero_scores": "score = 0 where rank_global = 40",
    "composition": "first_topic_tag = 'General' where rank_global <= 11",
}


def authors() -> str:
    """Authors whose m0 scores lie evenly from 34.0 to 93.5, seen a week before the harvest."""
    return lines(
        *(
            record(
                number,
                followers_count=round(1000 * 10 ** ((34 + 59.5 * (number - 1) / 39) / 20)),
                tweet_count=100 + number,
                listed_count=number,
                following_count=number,
                topic_tags=["ml", "general"],
                meta={"last_refresh_at": METRICS_AT},
            )
            for number in range(1, AUTHORS + 1)
        )
    )


def judge_anew(workplace: Workplace) -> None:
    done = workplace.dbt("run", "--quiet", "--select", *GATE)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A warehouse that is GO under m0, and NO-GO in one respect under each version of ``SPOILT``."""
    workplace = Workplace(tmp_path_factory.mktemp("sound"))
    workplace.succeed("harvest", "--from", workplace.write("authors.jsonl", authors()))
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute(f"update raw.runs set started_at = '{HARVEST_AT}'")
        ledger = Ledger(connection)
        ledger.run(2, HARVEST_AT, "finished", order_key="all")
        ledger.targets(2, *(f"gone{number}" for number in range(1, 11)))
        for number in range(1, 11):
            ledger.request(2, number, [f"gone{number}"], HARVEST_AT)
    workplace.build(data_tests=True)
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute(
            "create temp table ranks as select author_id as ranked, rank_global "
            "from intermediate.int_release_ranks where model_version = 'm0'"
        )
        for criterion, change in SPOILT.items():
            assignment, condition = change.split(" where ")
            connection.execute(
                "insert into staging.score_models select ?, null, score_formula, score_note "
                "from staging.score_models where model_version = 'm0'", [criterion],
            )  # fmt: skip
            connection.execute(
                "insert into intermediate.int_release_scores select * replace (? as model_version) "
                "from intermediate.int_release_scores where model_version = 'm0'", [criterion],
            )  # fmt: skip
            connection.execute(
                f"update intermediate.int_release_scores set {assignment} from ranks "
                f"where author_id = ranked and {condition} and model_version = '{criterion}'"
            )
    judge_anew(workplace)
    return workplace


@pytest.fixture
def copy(sound: Workplace, workplace: Workplace) -> Workplace:
    """The sound warehouse, to be changed."""
    shutil.copy(sound.warehouse, workplace.warehouse)
    return workplace


def told(workplace: Workplace, model: str, code: int, *options: str) -> dict[str, Any]:
    done = workplace.run("gate", "--model", model, "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def failing(answer: dict[str, Any], verdicts: str = "criteria") -> list[str]:
    return [one["criterion"] for one in answer[verdicts] if one["verdict"] == "NO-GO"]


def manifest_of(workplace: Workplace) -> dict[str, Any]:
    text = (workplace.out / "latest" / "manifest.json").read_text(encoding="utf-8")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


class TestOneCriterionAlone:
    def test_a_sound_release_goes_out_and_its_manifest_holds_all_nine_verdicts(
        self, sound: Workplace, workplace: Workplace
    ) -> None:
        answer = told(sound, "m0", 0)
        assert answer["verdict"] == "GO"
        assert answer["model_version"] == "m0"
        assert answer["as_of"] == "2025-11-28T06:00:00Z"
        assert [one["criterion"] for one in answer["criteria"]] == list(CRITERIA[:7])
        for out in (workplace.folder / "one", workplace.folder / "two"):
            sound.succeed("export", "--model", "m0", "--out", out)
        manifest = json.loads((workplace.folder / "one" / "latest" / "manifest.json").read_text())
        assert (manifest["gate"], manifest["forced"], manifest["objections"]) == ("GO", False, [])
        assert [one["criterion"] for one in manifest["verdicts"]] == list(CRITERIA)
        assert {one["verdict"] for one in manifest["verdicts"]} == {"GO"}
        assert manifest["verdicts"][:7] == answer["criteria"]
        # an option that was not needed leaves no trace
        sound.succeed("export", "--model", "m0", "--out", workplace.out, "--force")
        assert manifest_of(workplace) == manifest

    @pytest.mark.parametrize("criterion", SPOILT)
    def test_what_the_marts_judge(
        self, sound: Workplace, workplace: Workplace, criterion: str
    ) -> None:
        answer = told(sound, criterion, 1)
        assert failing(answer) == [criterion]
        out = workplace.out
        said = sound.refuse(1, "export", "--model", criterion, "--out", out)
        (verdict,) = (one for one in answer["criteria"] if one["verdict"] == "NO-GO")
        assert f"{criterion}: {verdict['finding']}" in said
        assert verdict["next_step"] in said
        assert "--force" in said
        assert not out.exists()
        sound.succeed("export", "--model", criterion, "--out", out, "--force")
        manifest = manifest_of(workplace)
        assert (manifest["gate"], manifest["forced"]) == ("NO-GO", True)
        assert failing(manifest, "verdicts") == [criterion]

    def test_requests_that_were_given_up(self, copy: Workplace) -> None:
        with duckdb.connect(str(copy.warehouse)) as connection:
            ledger = Ledger(connection)
            # whoever is an author already is covered by what was seen of them before
            (one, other) = connection.execute(
                "select lower(handle) from marts.authors order by handle limit 2"
            ).fetchall()
            ledger.targets(2, *one, *other)
            for number, handle in ((11, one[0]), (12, one[0]), (13, other[0])):
                ledger.request(2, number, [handle], HARVEST_AT, kind="passing_fault")
        judge_anew(copy)
        answer = told(copy, "m0", 1)
        assert failing(answer) == ["failures"]
        said = copy.refuse(1, "export", "--model", "m0", "--out", copy.out)
        assert "failures: 2 of 12 requests" in said
        copy.publish("--model", "m0")
        assert failing(manifest_of(copy), "verdicts") == ["failures"]

    @pytest.mark.parametrize(
        ("criterion", "change", "said"),
        [
            ("schema", "lang_primary = 'English' where rank_global = 7", "line 7, lang_primary"),
            ("integrity", "handle = 'R39' where rank_global = 7", "line 7, handle"),
        ],
        ids=["schema", "integrity"],
    )
    def test_what_is_judged_on_the_written_file_and_no_force_helps(
        self, copy: Workplace, criterion: str, change: str, said: str
    ) -> None:
        copy.succeed("export", "--model", "m0", "--out", copy.out)
        before = (copy.out / "latest").resolve()
        with duckdb.connect(str(copy.warehouse)) as connection:
            as_table(connection, "marts.release_records")
            connection.execute(
                f"update marts.release_records set {change} and model_version = 'm0'"
            )
        assert told(copy, "m0", 0)["verdict"] == "GO"
        for options in ([], ["--force"]):
            message = copy.refuse(1, "export", "--model", "m0", "--out", copy.out, *options)
            assert f"NO-GO on {criterion}: " in message
            assert said in message
        assert (copy.out / "latest").resolve() == before
        assert [path.name for path in released(copy.out)] == [before.name]

    def test_the_table_fits_eighty_columns_and_says_what_export_judges(
        self, sound: Workplace
    ) -> None:
        done = sound.run("gate", "--model", "freshness")
        assert done.returncode == 1
        assert done.stderr == "NO-GO: freshness\n"
        table, _, explained = done.stdout.partition("\n\n")[2].partition("\n\n")
        assert max(map(len, table.splitlines())) <= 80
        assert [line.split()[0] for line in table.splitlines()[1:]] == list(CRITERIA)
        assert table.count("by export, on the written file") == 2
        assert explained.startswith("freshness: 37 of 40 ")
        assert "influx-m2 harvest --refresh" in explained

    def test_what_waits_for_a_build_is_no_go_whatever_the_marts_say(self, copy: Workplace) -> None:
        path = copy.write("more.jsonl", lines(user(99)))
        copy.succeed("harvest", "--from", path, "--observed-at", SEEN)
        answer = told(copy, "m0", 1)
        assert (answer["verdict"], failing(answer)) == ("NO-GO", [])
        assert answer["objections"] == ["what was landed last has not been built"]
        assert "build: what was landed last" in copy.refuse(
            1, "export", "--model", "m0", "--out", copy.out
        )
        # a build that failed a test after staging has not built what is published
        with duckdb.connect(str(copy.warehouse)) as connection:
            connection.execute("update staging.stg_x__users_v2 set landing_id = 1000 + landing_id")
        assert told(copy, "m0", 1)["objections"] == ["what was landed last has not been built"]
        # built as of a day two months on, the metrics have grown old; nothing else has changed
        answer = told(copy, "m0", 1, "--as-of", "2026-01-15")
        assert (answer["as_of"], failing(answer)) == ("2026-01-15T00:00:00Z", ["freshness"])

    def test_every_query_that_a_failure_names_answers(self, sound: Workplace) -> None:
        steps = sound.rows(
            "select distinct next_step from marts.release_gate where verdict = 'NO-GO'"
        )
        queries = [step["next_step"].split('"')[1] for step in steps if '"' in step["next_step"]]
        assert len(queries) >= len(SPOILT)
        for query in queries:
            sound.rows(query)


def test_a_warehouse_without_a_build_says_to_build(workplace: Workplace) -> None:
    path = workplace.write("u.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    assert "influx-m2 build" in workplace.refuse(1, "gate")


@needs_sample
def test_every_measure_of_the_real_sample_is_what_python_counts(sample: Workplace) -> None:
    workplace = sample
    (as_of,) = (row["at"] for row in workplace.rows("select started_at as at from raw.runs"))
    records = workplace.rows("from marts.release_records")
    versions = sorted({row["model_version"] for row in records})
    assert len(versions) >= 2
    excluded = {row["author_id"] for row in workplace.rows("from marts.excluded_authors")}
    known = {row["author_id"] for row in workplace.rows("from marts.authors")}
    m0 = [row["score"] for row in records if row["model_version"] == "m0"]
    for version in versions:
        mine = [row for row in records if row["model_version"] == version]
        expected = measured(mine, as_of) | {
            "lost_authors": len(known - excluded - {row["author_id"] for row in mine}),
            "handles_without_a_reason": 0,
            "share_given_up": 0,
            "rise_of_share_given_up": 0,
        }
        found = workplace.rows("from marts.gate_measures where model_version = ?", version)
        assert {row["measure"]: row["value"] for row in found} == pytest.approx(expected, abs=1e-9)
        bounds = {row["measure"]: row["threshold"] for row in found}
        assert bounds["pile_up"] == pytest.approx(max(heaped(m0), 5 / len(mine)), abs=1e-9)
        for row in found:
            above = row["value"] >= row["threshold"]
            below = row["value"] <= row["threshold"]
            assert row["holds"] == (above if row["comparison"] == "at_least" else below), row


def measured(records: list[dict[str, Any]], as_of: datetime) -> dict[str, float]:
    scores = [row["score"] for row in records]
    with_metrics = [r for r in records if r["has_activity_metrics"] and not r["is_placeholder"]]
    fresh = [r for r in with_metrics if as_of - r["last_refresh_at"] < timedelta(days=30)]
    quartiles = statistics.quantiles(scores, n=4, method="inclusive")
    first_tags = [(row["topic_tags"] or [""])[0].lower() for row in records]
    return {
        "share_with_metrics": len(with_metrics) / len(records),
        "share_in_range": sum(20 <= score <= 95 for score in scores) / len(scores),
        "interquartile_range": quartiles[2] - quartiles[0],
        "share_at_top": sum(80 <= score <= 100 for score in scores) / len(scores),
        "pile_up": heaped(scores),
        "share_fresh": len(fresh) / len(with_metrics) if with_metrics else 1,
        "authors_at_zero": scores.count(0),
        "share_general": first_tags.count("general") / len(records),
    }


def heaped(scores: list[float]) -> float:
    commonest = Counter(scores).most_common(1)[0][1]
    return max(commonest, scores.count(0), scores.count(100)) / len(scores)


@needs_sample
def test_the_real_sample_is_no_go_for_reasons_that_nothing_talks_it_out_of(
    sample: Workplace,
) -> None:
    """A third of it has no metrics; and all that it has is a year old by now."""

    def failing_under(model: str, *options: str) -> list[str]:
        return failing(told(sample, model, 1, *options))

    spread = ["distribution", "differentiation"]
    assert failing_under("m2.1") == ["coverage", "freshness"]
    assert failing_under("m2.0") == ["coverage", *spread, "freshness"]
    assert failing_under("m2.1", "--as-of", "2025-11-28") == ["coverage"]
    assert failing_under("m2.0") == ["coverage", *spread]
    done = sample.run("export", "--out", sample.out)
    assert done.returncode == 1
    assert not (sample.out / "latest").exists()
