"""The warehouse that the pages and the questions are tried on: made-up people seen twice, released once in between.

`make docs` builds it the first time, so that one run of dbt makes the page, compiles the questions, and is a build.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from harness import BIN, ROOT, Workplace
from simulated import access
from test_landing import lines

from extract.harvest.simulator import Population, Simulator, SimulatorSettings

FIRST, LATER = "2025-09-01T00:00:00Z", "2025-09-15T00:00:00Z"
KNOWN = {"following_count": 500, "listed_count": 600, "media_count": 900, "tweet_count": 9_000}
MEDIA = {"topic_tags": ["media"], "created_at": "2015-01-01T00:00:00Z"}


def person(number: int, handle: str, **fields: object) -> dict[str, Any]:
    """What is left out the simulator would make up."""
    plain = {"name": f"Person {number}", "verified": "none", "description": "Writes."}
    return {"id": str(number), "handle": handle} | plain | fields


FOUND = [
    person(11, "riser", followers_count=60_000, **KNOWN, **MEDIA),
    person(12, "old_name", followers_count=400_000, **KNOWN, **MEDIA),
    person(13, "near_enough", followers_count=48_000, **KNOWN, **MEDIA),
    person(14, "unverified", followers_count=35_000, **KNOWN, **MEDIA),
    person(15, "small", followers_count=900, **KNOWN, **MEDIA),
    person(16, "acme", name="Acme Foundation, Inc.", followers_count=200_000, verified="org"),
    person(17, "lure", description="Giveaway! DM to claim", followers_count=70_000, **KNOWN),
    person(
        *(18, "giant"),
        followers_count=20_000_000,
        topic_tags=["general"],
        created_at="2009-01-01T00:00:00Z",
        **KNOWN | {"tweet_count": 300, "listed_count": 50, "media_count": 0},
    ),
    *(
        person(
            number,
            f"busy_{number}",
            followers_count=50_000 + 10_000 * number,
            topic_tags=["ai-ml-ecosystem", "cybersecurity"],
            verified="blue",
            description="An engineer in machine learning",
            created_at="2012-01-01T00:00:00Z",
            **KNOWN | {"tweet_count": 1_000 * number, "listed_count": 300 * number},
        )
        for number in range(21, 26)
    ),
]
SUSPENDED = person(31, "leaver", followers_count=90_000, **KNOWN)
GONE = person(32, "gone", followers_count=80_000, **KNOWN)
SILENT = person(
    *(33, "silent"),
    followers_count=300_000,
    topic_tags=["ai-ml-ecosystem"],
    created_at="2015-01-01T00:00:00Z",
    **KNOWN | {"tweet_count": 30_000},
)
UNTAGGED = person(34, "tagged_later", followers_count=75_000)
AT_FIRST = [*FOUND, SUSPENDED, GONE, SILENT, UNTAGGED]
# Whoever is found again is as before, but for these.
CHANGES: dict[str, dict[str, object]] = {
    "riser": {"followers_count": 900_000, "tweet_count": 14_000, "listed_count": 9_000},
    "old_name": {"handle": "new_name"},
}
ANSWERS = [
    *(one | CHANGES.get(one["handle"], {}) for one in FOUND),
    SUSPENDED | {"fate": "suspended"},
    SILENT | {"fate": "silent"},
]


def ada() -> str:
    """The author of docs/scoring.md, as that page has her."""
    page = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    return str(block)


def record(one: dict[str, Any], seen: str) -> dict[str, Any]:
    """A data set record of a person: what X says of people is not in it."""
    return {key: value for key, value in one.items() if key != "fate"} | {
        "meta": {"last_refresh_at": seen}
    }


class Worked:
    """The warehouse, the release that was made in the middle, and what `make docs` made and said."""

    def __init__(self, folder: Path) -> None:
        self.place = Workplace(folder)
        self.place.out = folder / "data"
        self.page = folder / "static_index.html"
        self.made = folder / "make-docs.json"

    @property
    def manifest(self) -> dict[str, Any]:
        text = (self.place.folder / "manifest.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    @property
    def marts(self) -> dict[str, dict[str, Any]]:
        """The marts of the manifest by their names."""
        nodes = self.manifest["nodes"].values()
        models = (node for node in nodes if node["resource_type"] == "model")
        return {node["name"]: node for node in models if node["schema"] == "marts"}

    def compiled(self, question: str) -> Path:
        return self.place.folder / "compiled/influx_m2/analyses" / f"{question}.sql"

    def make(self) -> None:
        place = self.place
        first = place.write("first.jsonl", lines(*(record(one, FIRST) for one in AT_FIRST)))
        place.succeed("harvest", "--from", first, "--from", place.write("ada.json", ada()))
        self.made.write_text(json.dumps(self._make_docs()), encoding="utf-8")
        place.publish()
        tagged = record(UNTAGGED, LATER) | {"topic_tags": ["llm"]}
        place.succeed("harvest", "--from", place.write("later.jsonl", lines(tagged)))
        people = Population.from_records(ANSWERS, seed=5)
        with Simulator(SimulatorSettings(population=people)) as simulator:
            order = ("--refresh", "--limit", len(AT_FIRST) - 1)  # not her who came later, nor Ada
            place.succeed("harvest", *order, environment=access(simulator))
        place.build()

    def _make_docs(self) -> dict[str, Any]:
        unset = {"INFLUX_DB", "DBT_TARGET_PATH", "DBT_LOG_PATH", "DBT_PARTIAL_PARSE_FILE_PATH"}
        done = subprocess.run(
            [
                *("make", "--assume-old=.venv/ready", "docs"),
                *(f"BIN={BIN}", f"DOCS={self.place.folder}", "CHECK=--check"),
            ],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={k: v for k, v in self.place.environment.items() if k not in unset},
            check=False,
        )
        return {"code": done.returncode, "out": done.stdout, "err": done.stderr}
