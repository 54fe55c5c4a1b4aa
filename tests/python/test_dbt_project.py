"""dbt as anyone would run it: green when empty and when full, and the same next year."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import duckdb
import pytest
from harness import ROOT, SAMPLE, WITH_DATA_TESTS, Workplace, needs_sample
from mart_rules import broken_rules
from test_landing import SEEN, lines, record, user

NO_DEPRECATIONS = ("--warn-error-options", '{"error": ["Deprecations"]}')
CLOCKS = re.compile(
    r"\b(now|today|random|uuid|gen_random_uuid)\s*\(|\bcurrent_(date|time|timestamp)\b", re.I
)
MARTS = (
    *(
        "authors",
        "author_scores",
        "author_score_history",
        "author_metrics_history",
        "release_records",
    ),
    *("excluded_authors", "rule_matches", "handle_outcomes", "data_findings"),
    *("author_freshness", "handle_history", "harvest_runs", "harvest_costs", "score_movements"),
    *("score_explanations", "proposed_knots", "curation_history"),
)
ENGINES_AGREE = ROOT / "tests/spark/engines_agree.sql"
# Macros with words for each engine that no test but a model's own unit tests, or a build as such, can look at.
SEEN_ELSEWHERE = {
    *("unnested", "unnested_fields", "json_paths", "as_of_override"),
    *("raw_layer", "plan_build", "complete_build", "landed_checksum", "safe_cast"),
    *("set_pattern_screen", "set_keyword_stretches"),
}
# They judge every model version, before anything has landed too.
GATE_MARTS = ("gate_measures", "release_gate")


def manifest(workplace: Workplace) -> dict[str, Any]:
    text = (workplace.folder / "target" / "manifest.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def contents(workplace: Workplace) -> dict[str, list[dict[str, Any]]]:
    return {mart: workplace.rows(f"from marts.{mart} order by all") for mart in MARTS + GATE_MARTS}


def test_an_empty_warehouse_builds_with_every_test_and_no_deprecation(workplace: Workplace) -> None:
    done = workplace.dbt(*NO_DEPRECATIONS, "build")
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
    found = contents(workplace)
    assert not any(found[mart] for mart in MARTS)
    models_known = workplace.value("select count(*) from staging.score_models")
    assert len(found["gate_measures"]) == 12 * models_known
    assert len(found["release_gate"]) == 7 * models_known
    # no handle is unaccounted for and no request failed; nothing else could be checked
    assert {row["criterion"] for row in found["release_gate"] if row["verdict"] == "GO"} == {
        "failures"
    }
    project = manifest(workplace)
    models = [node for node in project["nodes"].values() if node["resource_type"] == "model"]
    assert {node["schema"] for node in models} == {"staging", "intermediate", "marts"}
    for node in models:
        assert node["description"], node["name"]
        assert not CLOCKS.search(node["compiled_code"]), f"{node['name']} reads the clock or a die"
        if node["schema"] == "marts":
            assert node["config"]["contract"]["enforced"], node["name"]
            assert all(column["description"] for column in node["columns"].values()), node["name"]


@needs_sample
def test_a_full_warehouse_builds_and_building_again_changes_nothing(workplace: Workplace) -> None:
    workplace.succeed("harvest", "--from", SAMPLE)
    # the unit tests look at no warehouse, and have all passed on the empty one
    done = workplace.dbt(*NO_DEPRECATIONS, "build", environment=WITH_DATA_TESTS)
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
    first = contents(workplace)
    assert len(first["authors"]) == 112
    workplace.build()
    assert contents(workplace) == first


@needs_sample
def test_every_row_of_every_mart_is_what_its_description_says(sample: Workplace) -> None:
    assert broken_rules(sample.warehouse) == []
    with duckdb.connect(str(sample.warehouse)) as connection:
        connection.execute(
            "insert into intermediate.int_authors_latest from intermediate.int_authors_latest limit 1"
        )
    broken = {rule.split(":")[0] for rule in broken_rules(sample.warehouse)}
    assert broken == {"authors", "author_freshness", "release_records", "score_explanations"}


def test_as_of_sets_the_clock_and_hides_what_came_later(workplace: Workplace) -> None:
    created = "2020-01-01T00:00:00Z"
    early = user(
        1, created_at=created, public_metrics={"followers_count": 60_000, "tweet_count": 1000}
    )
    late = user(
        1, created_at=created, public_metrics={"followers_count": 70_000, "tweet_count": 2000}
    )
    for seen, one in (("2025-01-01T00:00:00Z", early), ("2025-06-01T00:00:00Z", late)):
        workplace.succeed(
            "harvest", "--from", workplace.write("u.jsonl", lines(one)), "--observed-at", seen
        )
    workplace.succeed("build", "--as-of", "2025-03-01")
    (author,) = workplace.rows("from marts.authors")
    assert (author["followers_count"], author["as_of"].isoformat()) == (
        60_000,
        "2025-03-01T00:00:00",
    )
    assert workplace.value("select count(*) from marts.author_metrics_history") == 1
    days = workplace.value("select age_days from intermediate.int_observation_features")
    assert days == 1886
    workplace.build()
    assert workplace.value("select followers_count from marts.authors") == 70_000


def test_a_clock_that_is_no_stamp_is_refused(workplace: Workplace) -> None:
    assert "not a UTC stamp" in workplace.refuse(2, "build", "--as-of", "yesterday")
    workplace.succeed(
        "harvest", "--from", workplace.write("u.jsonl", lines(user(1))), "--observed-at", SEEN
    )
    done = workplace.dbt("build", "--select", "+authors", "--vars", "{as_of: yesterday}")
    assert done.returncode != 0
    assert "yesterday" in done.stdout


def test_a_failing_data_test_is_the_data_saying_no(workplace: Workplace) -> None:
    workplace.succeed(
        "harvest", "--from", workplace.write("u.jsonl", lines(user(1))), "--observed-at", SEEN
    )
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute("insert into raw.runs from raw.runs")
    message = workplace.refuse(1, "build", environment=WITH_DATA_TESTS)
    assert "source_primary_key_raw_runs_run_id" in message


def test_each_kind_of_metric_moves_the_history(workplace: Workplace) -> None:
    first = record(1, meta={"last_refresh_at": "2025-01-01T00:00:00Z"}, tweet_count=10)
    second = record(1, meta={"last_refresh_at": "2025-02-01T00:00:00Z"}, tweet_count=30)
    path = workplace.write("r.jsonl", lines(second, first))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build()
    history = workplace.rows(
        "select tweet_count, is_latest from marts.author_metrics_history order by observed_at"
    )
    assert history == [
        {"tweet_count": 10, "is_latest": False},
        {"tweet_count": 30, "is_latest": True},
    ]
    versions = workplace.value("select count(*) from staging.score_models")
    assert versions >= 3
    assert workplace.value("select count(*) from marts.author_score_history") == 2 * versions
    assert workplace.value("select count(*) from marts.author_scores") == versions


@pytest.mark.parametrize("folder", ["the project", "elsewhere"])
def test_the_command_works_from_any_folder(workplace: Workplace, folder: str) -> None:
    here = ROOT if folder == "the project" else workplace.folder
    unset = {"INFLUX_PROJECT_DIR": ""}
    path = workplace.write("u.jsonl", lines(user(1)))
    workplace.succeed(
        "harvest", "--from", path, "--observed-at", SEEN, environment=unset, folder=here
    )
    said = workplace.succeed(
        *("run", "--from", path, "--observed-at", SEEN, "--out", workplace.out, "--force"),
        folder=here,
        environment=WITH_DATA_TESTS if here == ROOT else None,
    )
    assert (workplace.out / "latest" / "latest.jsonl").exists()
    hint = said.splitlines()[-1].removeprefix("look on").strip()
    assert hint.startswith("INFLUX_DB=")
    followed = subprocess.run(
        hint,
        shell=True,
        env={**workplace.environment, "INFLUX_DB": "/nowhere"},
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert followed.returncode == 0, followed.stderr


def test_a_warehouse_that_is_copied_under_another_name_still_answers(workplace: Workplace) -> None:
    workplace.succeed(
        "harvest", "--from", workplace.write("u.jsonl", lines(user(1))), "--observed-at", SEEN
    )
    workplace.build()
    copy = workplace.folder / "another-name.duckdb"
    shutil.copy(workplace.warehouse, copy)
    answer = workplace.succeed(
        "sql", "--csv", "select count(*) from marts.authors", environment={"INFLUX_DB": str(copy)}
    )
    assert answer.splitlines()[1] == "1"


def test_macros_with_words_for_each_engine_are_held_against_what_they_are_to_give() -> None:
    macros = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "macros").glob("*.sql"))
    branching = {
        name
        for name, body in re.findall(r"{% macro (\w+)\(.*?%}(.*?)endmacro %}", macros, re.DOTALL)
        if "target.type" in body
    }
    assert len(branching) == macros.count("target.type")
    tried = ENGINES_AGREE.read_text(encoding="utf-8")
    assert {name for name in branching if f"{name}(" not in tried} == SEEN_ELSEWHERE


def test_macros_give_what_they_are_to_give(workplace: Workplace) -> None:
    asked = ENGINES_AGREE.read_text(encoding="utf-8")
    done = workplace.dbt("--quiet", "show", "--output", "json", "--limit", "-1", "--inline", asked)
    assert done.returncode == 0, done.stdout
    rows = json.loads(done.stdout)["show"]
    assert len(rows) > 40
    assert [row for row in rows if row["given"] != row["expected"]] == []
