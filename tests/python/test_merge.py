"""Data sets and lists merged on one path: curated facts survive, sources add up, and a bad file stays out whole."""

from __future__ import annotations

import gzip
import json
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from harness import Workplace
from published import Record, good_record, line_of
from simulated import access
from test_export import published
from test_landing import user

from extract.errors import UsageError
from extract.harvest.files import open_input
from extract.harvest.quarantine import Quarantined, examine
from extract.harvest.simulator import Population, Simulator, SimulatorSettings

SEEN = "2025-11-28T06:00:00Z"
HIDDEN_ID, HIDDEN_HANDLE = "990001117", "Hidden_Person"


def source(name: str, day: str) -> dict[str, str]:
    return {
        "method": "manual_csv",
        "fetched_at": f"{day}T00:00:00.000000Z",
        "evidence": f"https://example.org/{name}",
    }


SURVEY, CENSUS = source("survey", "2025-09-30"), source("census", "2025-10-31")


def curated(number: int, day: str, *sources: dict[str, str], **facts: object) -> Record:
    """A record that passes strict validation, curated at midnight of the day."""
    record = good_record(number) | facts
    stamp = f"{day}T00:00:00Z"
    record["meta"] |= {"last_refresh_at": stamp, "sources": list(sources)}
    record["meta"]["activity_metrics"]["last_captured_at"] = stamp
    return record


OLDER = [
    curated(1, "2025-10-01", SURVEY, topic_tags=["llm"], lang_primary="fr"),
    curated(2, "2025-10-01", SURVEY, topic_tags=["gpu"], lang_primary="de"),
]
NEWER = [
    curated(1, "2025-11-01", CENSUS, SURVEY, topic_tags=["robotics"], lang_primary="pt-BR"),
    curated(3, "2025-11-01", CENSUS, topic_tags=["ml"], lang_primary="it"),
]
HIDDEN = good_record(9) | {"id": HIDDEN_ID, "handle": HIDDEN_HANDLE}
OFFICIAL = good_record(8) | {"is_official": True}


def jsonl(*records: object) -> bytes:
    return b"".join(map(line_of, records))


@dataclass
class Merged:
    """What was harvested, file by file, and the releases before and after the first was imported again."""

    workplace: Workplace
    files: dict[str, str]
    said: str
    history: list[dict[str, Any]]
    first: list[Record]
    second: list[Record]
    summary: str


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Merged:
    workplace = Workplace(tmp_path_factory.mktemp("merge"))
    ambiguous = line_of(HIDDEN).replace(b'"ext": {', b'"ext": {"%b": 1, "%b": 2, ' % (
        (HIDDEN_ID.encode(),) * 2
    ))  # fmt: skip
    files = {
        # the newer one lands first
        "newer.jsonl": jsonl(*NEWER),
        "bad.jsonl": jsonl(HIDDEN) + ambiguous + b'{"id": "5", "handle": "cut',
        "cut.jsonl.gz": gzip.compress(jsonl(HIDDEN, *(good_record(n) for n in range(20, 400))))[
            :-9
        ],
        "bad.json": json.dumps([HIDDEN, OFFICIAL], indent=1).encode(),
        "good.json": json.dumps([good_record(6)], indent=1).encode(),
        "payloads.jsonl": jsonl(user(70)) + b"no json\n" + jsonl(user(71)),
        "watch.csv": b"handle,topic_tags,evidence,source_type\nAUTHOR_2,nlp,https://example.org/list,survey\n",
    }
    paths = {name: str(workplace.write(name, content)) for name, content in files.items()}
    given = [path for name, path in paths.items() if name != "watch.csv"]
    options = [word for path in given for word in ("--from", path)]
    done = workplace.run("harvest", "--validate", *options, "--observed-at", SEEN)
    assert done.returncode == 0, done.stderr
    workplace.succeed(
        *("harvest", "--validate", "--from", "-", "--observed-at", SEEN), stdin=jsonl(*OLDER)
    )
    people = Population.from_records([good_record(number) for number in (1, 2, 3)], seed=1)
    with Simulator(SimulatorSettings(population=people)) as simulator:
        for more in ([], ["--refetch"]):
            listed = ("harvest", "author_1", "--handles", paths["watch.csv"], *more)
            workplace.succeed(*listed, environment=access(simulator))
    workplace.build()
    history = workplace.rows("from marts.curation_history order by fact, curated_at, run_id")
    workplace.publish("--model", "m2.1")
    first = published(workplace)
    again = workplace.write("release.jsonl", (workplace.out / "latest/latest.jsonl").read_bytes())
    summary = workplace.succeed(
        *("run", "--validate", "--from", again, "--from", paths["bad.jsonl"]),
        *("--out", workplace.out, "--force"),
    )
    return Merged(workplace, paths, done.stderr, history, first, published(workplace), summary)


def of(records: list[Record], number: int) -> Record:
    (found,) = (one for one in records if one["id"] == good_record(number)["id"])
    return found


class TestAMergedWarehouse:
    def test_the_newer_curation_fact_wins_whichever_landed_first(self, merged: Merged) -> None:
        ada = of(merged.first, 1)
        assert (ada["topic_tags"], ada["lang_primary"]) == (["robotics"], "pt-BR")
        # a list says nothing of the language: that of the data set stays
        listed = of(merged.first, 2)
        assert (listed["topic_tags"], listed["lang_primary"]) == (["nlp"], "de")

    def test_sources_are_appended_to_in_the_order_of_curation_each_once(
        self, merged: Merged
    ) -> None:
        *found, answer = of(merged.first, 1)["meta"]["sources"]
        assert found == [SURVEY, CENSUS]
        assert answer["method"] == "x_api_v2"
        survey, listed, answer = of(merged.first, 2)["meta"]["sources"]
        assert survey == SURVEY
        landed = "select strftime(min(landed_at), '%Y-%m-%dT%H:%M:%S.%fZ') from raw.curation"
        # the list landed twice, and is one source
        assert listed == {
            "method": "survey",
            "fetched_at": merged.workplace.value(landed),
            "evidence": "https://example.org/list",
        }
        assert answer["method"] == "x_api_v2"
        assert of(merged.first, 3)["meta"]["sources"] == [CENSUS]

    def test_the_older_fact_stays_queryable_with_its_file_and_line(self, merged: Merged) -> None:
        tags = [
            (row["value"], row["file"], row["line_number"], row["is_current"])
            for row in merged.history
            if row["author_id"] == good_record(1)["id"] and row["fact"] == "topic_tags"
        ]
        assert tags == [
            ('["llm"]', "standard input", 1, False),
            ('["robotics"]', merged.files["newer.jsonl"], 1, True),
        ]
        sources = [
            (json.loads(row["value"]), row["is_current"])
            for row in merged.history
            if row["author_id"] == good_record(1)["id"] and row["fact"] == "sources"
        ]
        assert sources == [([SURVEY], True), ([CENSUS, SURVEY], True)]
        # each is one row
        keys = ("author_id", "fact", "run_id", "file", "line_number")
        assert len({tuple(row[key] for key in keys) for row in merged.history}) == len(
            merged.history
        )

    def test_the_current_facts_of_the_history_are_those_of_the_authors(
        self, merged: Merged
    ) -> None:
        of_the_authors = merged.workplace.rows(
            "select author_id, to_json(topic_tags)::varchar as value from marts.authors "
            "where author_id in (select author_id from marts.curation_history) order by author_id"
        )
        of_the_history = merged.workplace.rows(
            "select author_id, value from marts.curation_history "
            "where fact = 'topic_tags' and is_current order by author_id"
        )
        assert of_the_history == of_the_authors
        assert len(of_the_history) == 6

    def test_importing_our_own_release_again_changes_nothing(self, merged: Merged) -> None:
        assert merged.second == merged.first


class TestAQuarantine:
    def test_an_invalid_file_is_named_and_nothing_of_it_lands_while_the_rest_goes_on(
        self, merged: Merged
    ) -> None:
        for name, errors in {"bad.jsonl": 4, "cut.jsonl.gz": 1, "bad.json": 1}.items():
            told = f"{merged.files[name]}: "
            (note,) = (line for line in merged.said.splitlines() if line.startswith(told))
            assert f"quarantined whole, nothing of it was landed: {errors} error" in note
        landed = merged.workplace.rows(
            "select distinct file from raw.users where run_id = 1 order by file"
        )
        assert [row["file"] for row in landed] == sorted(
            merged.files[name] for name in ("newer.jsonl", "payloads.jsonl", "good.json")
        )
        query = "select count(*) from raw.users where payload like ?"
        kept = merged.workplace.value(query, f"%{HIDDEN_ID}%")
        assert kept == 0

    def test_payloads_of_other_shapes_are_refused_line_by_line(self, merged: Merged) -> None:
        rejected = merged.workplace.rows("select file, line_number from raw.rejected_lines")
        assert rejected == [{"file": merged.files["payloads.jsonl"], "line_number": 2}]

    def test_the_record_of_it_tells_the_rules_and_no_values(self, merged: Merged) -> None:
        rows = merged.workplace.rows(
            "from raw.quarantined_files where run_id = 1 order by file desc, run_id"
        )
        found = {Path(row["file"]).name: row for row in rows}
        assert set(found) == {"bad.jsonl", "cut.jsonl.gz", "bad.json"}
        assert found["bad.jsonl"]["first_errors"].split("\n") == [
            "line 2, ext[...]: duplicate-key",
            "line 2, id: duplicate-id",
            "line 2, handle: duplicate-handle",
            "line 3, $: not-json",
        ]
        assert found["bad.json"]["first_errors"] == "line 2, is_official: official-account"
        assert (found["bad.json"]["lines"], found["bad.jsonl"]["lines"]) == (2, 3)
        for name in ("bad.jsonl", "bad.json"):
            content = Path(merged.files[name]).read_bytes()
            assert found[name]["bytes"] == len(content)
            assert found[name]["sha256"] == sha256(content).hexdigest()
        assert found["cut.jsonl.gz"]["first_errors"].endswith("cannot be read")
        told = json.dumps([row["first_errors"] for row in rows])
        assert HIDDEN_ID not in told
        assert HIDDEN_HANDLE not in told

    def test_status_and_the_summary_of_a_run_show_it(self, merged: Merged) -> None:
        assert "quarantined  1 files" in merged.summary
        status = json.loads(merged.workplace.succeed("status", "--json"))
        shown = {(row["run_id"], Path(row["file"]).name) for row in status["quarantined_files"]}
        assert shown == {(5, "bad.jsonl"), (1, "bad.jsonl"), (1, "bad.json"), (1, "cut.jsonl.gz")}
        assert "run 5 quarantined" in merged.workplace.succeed("status")


def test_where_every_file_is_quarantined_the_data_say_no(workplace: Workplace) -> None:
    bad = jsonl(OFFICIAL)
    message = workplace.refuse(
        *(1, "harvest", "--validate", "--from", "-", "--observed-at", SEEN),
        stdin=gzip.compress(bad),
    )
    assert "every file breaks a strict rule" in message
    assert "standard input: 1 error in 1 line" in message
    assert workplace.value("select count(*) from raw.users") == 0
    assert workplace.rows("select run_id, file, bytes from raw.quarantined_files") == [
        {"run_id": 1, "file": "standard input", "bytes": len(bad)}
    ]
    assert workplace.value("select status from raw.runs") == "finished"
    # without the option the same record lands: staging and the rules judge it
    workplace.succeed("harvest", "--from", "-", "--observed-at", SEEN, stdin=bad)


def test_validation_needs_something_to_validate(workplace: Workplace) -> None:
    assert "none is given" in workplace.refuse(2, "harvest", "--validate", "@jack")


@pytest.mark.parametrize("name", ["set.jsonl", "set.json"])
def test_a_file_that_changes_after_it_was_validated_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    good = [good_record(1), good_record(2)]
    path.write_bytes(jsonl(*good) if name == "set.jsonl" else json.dumps(good).encode())
    with open_input(str(path)) as file, ExitStack() as opened:
        examined = examine(str(path), file, opened)
        assert not isinstance(examined, Quarantined)
        with path.open("ab") as more:
            more.write(jsonl(OFFICIAL))
        with pytest.raises(UsageError, match="changed after it was validated"):
            list(iter(lambda: examined.read(1 << 20), b""))
