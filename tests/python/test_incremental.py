"""A build that adds to the last one leaves what a build of everything would, and is one where it must be.

The world changes at random, from a seed; every build after a change is held against a full refresh of a copy. What is
built is real, by real dbt in one process that stays, for dbt takes longer to load than to build.

`make torture` sets INFLUX_TORTURE: more worlds, which live longer, and one of a million users.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest
from harness import ROOT, SAMPLE, Workplace
from mart_rules import broken_rules
from simulated import access
from test_purge import OwnProject
from test_shapes import Payload, lines, record, snscrape_user, v1_user, v2_user

from extract.harvest.simulator import Population, Simulator, SimulatorSettings

IS_LONG = bool(os.environ.get("INFLUX_TORTURE"))
MILLION = 1_000_000
SEED = 1

_BUILDER = """
import json, os, sys
from pathlib import Path
from extract.errors import InfluxError
from extract.settings import Project
from extract.transform import build
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    order, said, error = json.loads(line), [], None
    project = Project(Path(order.pop("root")), Path(order.pop("warehouse")))
    os.environ["DBT_TARGET_PATH"] = order.pop("target")
    try:
        build(project, note=said.append, **order)
    except InfluxError as refused:
        error = str(refused)
    print(json.dumps([said, error]), file=answers, flush=True)
"""

# Everything of a file has landed but for the row that says so.
_KILLED = """
import os, signal, sys
from extract import cli
from extract.harvest.landing import Run
insert = Run._insert
def killed(self, table, *values):
    if table == "files":
        os.kill(os.getpid(), signal.SIGKILL)
    insert(self, table, *values)
Run._insert = killed
cli.main()
"""

# One column of each table that a build adds to, which shows whether a row was written anew.
MARKS = {
    "staging.stg_x__users_v2": ("author_id", "source_evidence", "'marked'"),
    "intermediate.int_observations_indexed": ("author_id", "has_activity_metrics", "false"),
    "intermediate.int_observation_features": ("author_id", "repaired_stamps", "-1"),
    "intermediate.int_authors_latest": ("author_id", "repaired_stamps", "-1"),
    "intermediate.int_author_verdicts": ("author_id", "rule", "'marked'"),
    "intermediate.int_scores_m0": ("landing_id", "raw_score", "-1"),
    "intermediate.int_scores_m2_0": ("landing_id", "raw_score", "-1"),
    "intermediate.int_scores_m2_1": ("landing_id", "raw_score", "-1"),
}

TEXTS = (
    *(
        "about data",
        "Official account of a company",
        "writes on AI, machine learning and databases",
    ),
    *(
        "crypto casino 18+",
        "likes the sea",
        "news, 24/7. Follow back!",
        "",
        "founder; builds software",
    ),
)
TAGS = ("ai-research", "general", "health-tech", "media", "no such topic")
RISKS = """
casino:
  bio_keywords: [casino, sea]
  flag_name: casino
  severity: high
  auto_exclude: true
"""

FIRST = "it is the first build"
SETTINGS = "the settings are not those of the last build"
MODELS = "the models are not those of the last build"
SEEDS = "the seeds are not those of the last build"
RULES = "the rules are not those of the last build"
SWEPT = "what was landed before is not what it was"

# A file of the project, what stands in it, and what may stand there too.
FORMULA = (
    "models/intermediate/int_scores_m2_1.sql",
    ", 9) as completeness",
    ", 8) as completeness",
)
THRESHOLD = ("seeds/thresholds.csv", "entry_followers,50000", "entry_followers,60000")

FATES = ("found", "found", "suspended", "not_found", "protected", "withheld", "silent")


class Builder:
    """dbt in a process that stays."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BUILDER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def build(self, root: Path, warehouse: Path, **options: object) -> tuple[list[str], str | None]:
        """What was said on the way, and the error that it ended with."""
        order = {"root": str(root), "warehouse": str(warehouse), "target": str(root / "target")}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order | options) + "\n")
        self._process.stdin.flush()
        said, error = json.loads(self._process.stdout.readline())
        return said, error

    def end(self) -> None:
        with self._process:
            pass  # what it reads from ends, and so does it


class World:
    """Authors that change, and what is landed of them: each event lands something, or says what to land."""

    def __init__(
        self, workplace: Workplace, builder: Builder, seed: int, *, is_huge: bool = False
    ) -> None:
        self.workplace = workplace
        self.dice = Random(seed)
        self.builder = builder
        self.now = datetime(2025, 6, 1, tzinfo=UTC)
        self.began = self.now
        self.handles: dict[str, str] = {}
        self.landed: list[Payload] = []
        self.files = 0
        self.next_id = 9_000_000_000_000
        self.concerned: set[str] = set()
        # nothing is ever heard of them again
        self.bystanders = ("1000007919", "1000015838") if is_huge else ("501", "502")

    # what happens

    def new(self) -> list[Payload]:
        """Users that nobody has seen before."""
        return [self._seen(self._new_id(), self._new_handle()) for _ in range(3)]

    def refreshed(self) -> list[Payload]:
        """Known users, later."""
        return [self._seen(author, self.handles[author]) for author in self._some(4)]

    def late(self) -> list[Payload]:
        """Observations from before all that is known."""
        before = self.began - timedelta(days=self.dice.randint(1, 60))
        return [self._seen(author, self.handles[author], at=before) for author in self._some(3)]

    def between(self) -> list[Payload]:
        """Observations that come late, from between those that are known."""
        at = self.began + (self.now - self.began) * self.dice.random()
        return [self._seen(author, self._new_handle(), at=at) for author in self._some(3)]

    def again(self) -> list[Payload]:
        """What was landed before, to the letter."""
        return self.dice.sample(self.landed, min(5, len(self.landed)))

    def renamed(self) -> list[Payload]:
        return [self._seen(author, self._new_handle()) for author in self._some(2)]

    def handed_on(self) -> list[Payload]:
        """A handle is another's, new or known, and nothing is heard of who had it."""
        first, second, taker = self._some(3)
        return [
            self._seen(self._new_id(), self.handles[first].upper()),
            self._seen(taker, self.handles[second]),
        ]

    def without_metrics(self) -> list[Payload]:
        """Protected accounts answer without numbers, and so do those that were asked for little."""
        return [
            self._seen(
                author,
                self.handles[author],
                public_metrics=None,
                created_at=None,
                pinned_tweet_id=None,
            )
            | {"protected": self.dice.random() < 0.7}
            for author in self._some(3)
        ]

    def withheld(self) -> list[Payload]:
        return [
            self._seen(author, self.handles[author], withheld={"country_codes": ["XX"]})
            for author in self._some(1)
        ]

    def other_shapes(self) -> list[Payload]:
        """v1.1 and scraped users, who name no time: the file's counts."""
        first, second = self._some(2)
        return [
            v1_user(
                int(first),
                screen_name=self.handles[first],
                followers_count=self.dice.randint(1, 90_000),
            ),
            snscrape_user(
                int(second),
                username=self.handles[second],
                followersCount=self.dice.randint(1, 90_000),
            ),
        ]

    def curated(self) -> list[Payload]:
        """Data set records of known and new authors, with facts that others have not stated, or that are older."""
        made = []
        for author in [*self._some(3), self._new_id()]:
            handle = self.handles.setdefault(author, self._new_handle())
            stamp = _stamp(self.now - timedelta(days=self.dice.choice((0, 0, 40))))
            made.append(
                record(
                    int(author),
                    handle=handle,
                    followers_count=self.dice.randint(40_000, 90_000),
                    topic_tags=self.dice.sample(TAGS, 2),
                    is_org=self.dice.random() < 0.2,
                    is_official=self.dice.random() < 0.2,
                    lang_primary=self.dice.choice(("de", "en", None)),
                    meta={
                        "last_refresh_at": stamp,
                        "sources": [
                            {"method": "list", "fetched_at": stamp, "evidence": f"of {handle}"}
                        ],
                        "activity_metrics": {
                            "tweet_count": self.dice.randint(0, 9_000),
                            "listed_count": 3,
                        },
                    },
                )
            )
        return made

    EVENTS: tuple[Callable[[World], list[Payload]], ...] = (
        *(new, refreshed, late, between, again, renamed, handed_on),
        *(without_metrics, withheld, other_shapes, curated),
    )

    # how it lands

    def harvest(self, *events: Callable[[World], list[Payload]]) -> None:
        """Land what happened, in one file, as it comes."""
        path = self._file(*events)
        self.workplace.succeed("harvest", "--from", path, "--observed-at", _stamp(self.now))

    def be_killed(self, *events: Callable[[World], list[Payload]]) -> None:
        """Land what happened and be killed before the file counts as landed."""
        path = self._file(*events)
        killed = subprocess.run(
            [
                sys.executable,
                "-c",
                _KILLED,
                "harvest",
                "--from",
                path,
                "--observed-at",
                _stamp(self.now),
            ],
            env=self.workplace.environment,
            cwd=self.workplace.folder,
            capture_output=True,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr

    def ask_x(self) -> None:
        """Ask X for a list of handles, curated, of whom some are gone, and then for some known authors by id."""
        asked = [self.handles[author] for author in self._some(8)] + [self._new_handle()]
        rows = "".join(
            f"{handle},{self.dice.choice(TAGS)},list of {handle}\n" for handle in asked[::2]
        )
        rows += "".join(f"{handle},,\n" for handle in asked[1::2])
        self.files += 1
        path = self.workplace.write(f"{self.files}.csv", "handle,topic_tags,evidence\n" + rows)
        people = [
            {"id": author, "handle": handle, "followers_count": self.dice.randint(1, 90_000)}
            | {"fate": self.dice.choice(FATES)}
            for author, handle in {
                handle.lower(): (a, handle) for a, handle in self.handles.items()
            }.values()
        ]
        settings = SimulatorSettings(
            population=Population.from_records(people, seed=self.dice.randint(1, 99))
        )
        with Simulator(settings) as simulator:
            for order in (["--handles", path], ["--refresh", "--limit", "4"]):
                self.workplace.succeed(
                    "harvest", *order, "--refetch", environment=access(simulator)
                )

    def purge(self) -> None:
        (author,) = self._some(1)
        self.workplace.succeed("purge", author, "--no-build")
        del self.handles[author]
        self.landed = [payload for payload in self.landed if str(payload["id"]) != author]

    def choose_rules(self) -> None:
        """Rules of one's own, each time others."""
        self.files += 1
        rules = RISKS.replace("sea", f"sea, word{self.files}")
        path = self.workplace.write(f"{self.files}.yml", rules)
        self.workplace.succeed("harvest", "--from", self._file(World.new), "--risk-rules", path)

    @contextmanager
    def changed(self, change: tuple[str, str, str]) -> Iterator[None]:
        """The project with another line, for as long as the block lasts."""
        name, before, after = change
        path = self.workplace.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        yield
        path.write_text(text)

    # what is built

    def build_of(self, warehouse: Path, **options: object) -> tuple[list[str], str | None]:
        return self.builder.build(self.workplace.folder, warehouse, **options)

    def build(self, **options: object) -> str | None:
        """Build; the reason why everything was built, if it was. Who builds everything says so, but for the first."""
        said, error = self.build_of(self.workplace.warehouse, **options)
        assert error is None, error
        reason: str | None = self.workplace.value(
            "select reason_to_build_all from intermediate.build_plan"
        )
        is_told = reason not in (None, FIRST)
        assert said == [f"building everything: {reason}"] * is_told
        return reason

    def planned(
        self, prepare: Callable[[Path], object] = lambda _copy: None, **options: object
    ) -> str | None:
        """The reason that a build would have after something else, tried on a copy."""
        with self.copy() as copy:
            prepare(copy)
            _, error = self.build_of(copy, select="thresholds", **options)
            assert error is None, error
            with duckdb.connect(str(copy), read_only=True) as connection:
                row = connection.execute(
                    "select reason_to_build_all from intermediate.build_plan"
                ).fetchone()
        assert row is not None
        return None if row[0] is None else str(row[0])

    def assert_as_if_built_whole(self) -> None:
        """A full refresh of a copy holds the same rows, all columns, in every table and view that people read.

        They are also what the marts' descriptions say.
        """
        with self.copy() as copy:
            said, error = self.build_of(copy, full_refresh=True)
            assert error is None, error
            assert said == ["building everything: --full-refresh"]
            here, whole = contents(self.workplace.warehouse), contents(copy)
            assert here.keys() == whole.keys()
            assert len(here) > 40
            different = [name for name in here if here[name] != whole[name]]
            assert different == [], different_rows(self.workplace.warehouse, copy, different)
        assert broken_rules(self.workplace.warehouse) == []

    def due(self) -> int:
        return int(self.workplace.value("select count(*) from intermediate.int_authors_due"))

    # the means

    def copy(self) -> _Copy:
        return _Copy(self.workplace)

    def _file(self, *events: Callable[[World], list[Payload]]) -> Path:
        self.now += timedelta(days=self.dice.randint(1, 20))
        payloads = [payload for event in events for payload in event(self)]
        self.landed += payloads
        self.files += 1
        return self.workplace.write(f"{self.files}.jsonl", lines(*payloads))

    def _seen(
        self, author: str, handle: str, at: datetime | None = None, **fields: object
    ) -> Payload:
        if at is None:
            self.handles[author] = handle
        counts = {
            "followers_count": self.dice.randint(20_000, 120_000),
            "following_count": self.dice.randint(0, 3_000),
            "tweet_count": self.dice.randint(0, 50_000),
            "listed_count": self.dice.randint(0, 500),
        }
        made = v2_user(
            int(author),
            username=handle,
            description=self.dice.choice(TEXTS),
            verified_type=self.dice.choice(("none", "blue", "business", "government")),
            public_metrics=counts,
            __twarc={"retrieved_at": _stamp(at or self.now)},
        )
        made["id"] = author
        return {name: value for name, value in (made | fields).items() if value is not None}

    def _some(self, number: int) -> list[str]:
        return self.dice.sample([one for one in self.handles if one not in self.bystanders], number)

    def _new_id(self) -> str:
        self.next_id += self.dice.randint(1, 1_000)
        return str(self.next_id)

    def _new_handle(self) -> str:
        return f"{self.dice.choice(('Ada', 'bob', 'casino', 'press'))}_{self.dice.randrange(10**8)}"


class _Copy:
    """A copy of the warehouse for as long as the block lasts; it has its name, so that dbt parses nothing anew."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._folder = workplace.folder / "copied"

    def __enter__(self) -> Path:
        self._folder.mkdir()
        return Path(shutil.copy(self._workplace.warehouse, self._folder))

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def contents(warehouse: Path) -> dict[str, tuple[int, int]]:
    """Rows and the sum of hashes: all that people read, and the tables behind it but for those of the due alone."""
    config = {"memory_limit": "3GB"}
    with duckdb.connect(str(warehouse), read_only=True, config=config) as connection:
        names = connection.execute(
            """
            select table_schema || '.' || table_name
            from information_schema.tables
            where
                table_schema = 'marts'
                or (
                    table_schema in ('staging', 'intermediate')
                    and table_type = 'BASE TABLE'
                    and table_name not in ('build_plan', 'int_posting_windows')
                    and table_name not like '%_due'
                )
            """
        ).fetchall()
        counted = "select count(*), coalesce(sum(hash(whole_row)), 0) from"
        return {
            name: connection.execute(f"{counted} {name} as whole_row").fetchall()[0]
            for (name,) in names
        }


def different_rows(one: Path, other: Path, names: list[str]) -> str:
    """The first rows that only one of two warehouses has, for who has to find out why."""
    told = []
    for name in names:
        held = []
        for warehouse in (one, other):
            with duckdb.connect(str(warehouse), read_only=True) as connection:
                rows = connection.execute(
                    f"select to_json(whole_row)::varchar from {name} as whole_row limit 100000"
                )
                held.append(Counter(row for (row,) in rows.fetchall()))
        told.append(
            f"{name}, added: {list(held[0] - held[1])[:3]}\n{name}, whole: {list(held[1] - held[0])[:3]}"
        )
    return "\n".join(told)


class Marks:
    """Rows of an author that are marked before a build, and looked at and put right after it."""

    def __init__(self, warehouse: Path, author: str) -> None:
        self._warehouse = warehouse
        self._author = author
        with duckdb.connect(str(warehouse)) as connection:
            query = (
                "select landing_id from intermediate.int_observation_features where author_id = ?"
            )
            self._landings = [row[0] for row in connection.execute(query, [author]).fetchall()]
            self._before = {}
            for table, (_, column, mark) in MARKS.items():
                where, value = self._where(table)
                rows = connection.execute(
                    f"select {column} from {table} where {where}", [value]
                ).fetchall()
                assert len(rows) == 1, (table, rows)
                self._before[table] = rows[0][0]
                connection.execute(f"update {table} set {column} = {mark} where {where}", [value])

    def still_there(self) -> set[str]:
        """The tables that still hold their mark; they are as they were afterwards."""
        marked = set()
        with duckdb.connect(str(self._warehouse)) as connection:
            for table, (_, column, mark) in MARKS.items():
                where, value = self._where(table)
                (count,) = connection.execute(
                    f"select count(*) from {table} where {where} and {column} = {mark}", [value]
                ).fetchall()[0]
                if count:
                    marked.add(table)
                    connection.execute(
                        f"update {table} set {column} = ? where {where} and {column} = {mark}",
                        [self._before[table], value],
                    )
        return marked

    def _where(self, table: str) -> tuple[str, object]:
        key = MARKS[table][0]
        return f"{key} = ?", self._author if key == "author_id" else self._landings[0]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """One for all worlds, whose warehouses and target folders are their own."""
    started = Builder(OwnProject(tmp_path_factory.mktemp("builder")).environment)
    yield started
    started.end()


def workplace_of(folder: Path) -> OwnProject:
    """A project of its own, whose lists may be changed, and a warehouse that has the name of its copies."""
    workplace = OwnProject(folder)
    workplace.warehouse = folder / "warehouse.duckdb"
    workplace.environment["INFLUX_DB"] = str(workplace.warehouse)
    return workplace


@contextmanager
def broken(warehouse: Path) -> Iterator[None]:
    """An answer in raw that no model can read, and only some models come before it."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "insert into raw.user_errors values (1, 1, null, null, now(), 'no JSON')"
        )
    yield
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from raw.user_errors where payload = 'no JSON'")


def drop(warehouse: Path, table: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"drop table {table}")


def small_world(folder: Path, builder: Builder, seed: int) -> World:
    """Users, records and, where they are, the real records; built."""
    world = World(workplace_of(folder), builder, seed)
    world.handles = {str(number): f"u{number}" for number in range(501, 541)}
    base = [world._seen(author, handle) for author, handle in world.handles.items()]
    world.landed += base
    path = world.workplace.write("base.jsonl", lines(*base))
    files = [path, *[SAMPLE] * SAMPLE.exists()]
    arguments = [one for file in files for one in ("--from", file)]
    world.workplace.succeed("harvest", *arguments, "--observed-at", _stamp(world.now))
    world.harvest(World.curated, World.other_shapes)
    assert world.build() == FIRST
    return world


def huge_world(folder: Path, builder: Builder) -> World:
    """A million users, of whom some are known by name; built."""
    world = World(workplace_of(folder), builder, 1, is_huge=True)
    see_everybody(world, grown=0)
    world.handles = {
        str(1_000_000_000 + number * 7919): f"sim_{number}" for number in range(1, 2_000)
    }
    assert world.build() == FIRST
    return world


def see_everybody(world: World, *, grown: int) -> None:
    """Land all million users as of now, each with so many more followers."""
    path = world.workplace.folder / "everybody.jsonl"
    made = (ROOT / "tests/bench/users.sql").read_text()
    for name, value in {"from": 0, "to": MILLION, "grown": grown, "path": path}.items():
        made = made.replace(f"{{{name}}}", str(value))
    duckdb.execute(made)
    world.workplace.succeed("harvest", "--from", path, "--observed-at", _stamp(world.now))
    path.unlink()


# All events, in an order of this world.
DECK = Random(SEED).sample(World.EVENTS, len(World.EVENTS))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, builder: Builder) -> World:
    return small_world(tmp_path_factory.mktemp("world"), builder, SEED)


class TestSmallWorld:
    """In one process, and in this order: a world goes on from test to test."""

    def test_only_who_is_concerned_is_built_anew(self, world: World) -> None:
        bystander, concerned = world.bystanders
        unseen = Marks(world.workplace.warehouse, bystander)
        seen = Marks(world.workplace.warehouse, concerned)
        world.harvest(
            *DECK[:5], lambda it: [it._seen(concerned, "u502", at=it.began - timedelta(days=90))]
        )
        assert world.build() is None
        assert 0 < world.due() < 40
        assert unseen.still_there() == set(MARKS)
        assert seen.still_there() == {"staging.stg_x__users_v2"}

    def test_a_build_that_adds_leaves_what_a_full_refresh_would(self, world: World) -> None:
        world.ask_x()
        world.harvest(*DECK[5:])
        assert world.build() is None
        world.assert_as_if_built_whole()

    def test_what_a_failed_build_has_taken_in_is_taken_in_again(self, world: World) -> None:
        world.harvest(*DECK[::2])
        with broken(world.workplace.warehouse):
            _, error = world.build_of(world.workplace.warehouse)
            assert error is not None
            assert "stg_x__user_errors" in error
        world.harvest(*DECK[1::2])
        assert world.build() is None
        world.assert_as_if_built_whole()

    def test_what_may_change_anything_builds_everything_and_says_what_it_is(
        self, world: World
    ) -> None:
        assert world.planned(as_of="2025-11-01") == SETTINGS
        with world.changed(FORMULA):
            assert world.planned() == MODELS
        with world.changed(THRESHOLD):
            assert world.planned() == SEEDS
        assert world.planned(lambda copy: drop(copy, "intermediate.int_scores_m0")) == (
            "there is no table intermediate.int_scores_m0"
        )
        world.choose_rules()
        assert world.planned() == RULES
        world.purge()
        assert world.planned() == FIRST

    def test_what_some_other_build_has_left_is_not_added_to(self, world: World) -> None:
        done = world.workplace.run("build", "--full-refresh")
        assert done.returncode == 0, done.stderr
        assert "building everything: --full-refresh\n" in done.stderr

        def as_of(copy: Path) -> None:
            world.build_of(copy, select="thresholds", as_of="2025-11-01")

        def gate_alone(copy: Path) -> None:
            world.build_of(copy, select="int_gate_moment release_gate")

        assert world.planned(as_of) == "the last build of everything did not come to its end"
        assert world.planned(gate_alone) == "the last build was of a part"

    def test_what_a_killed_harvest_left_and_the_next_one_sweeps_is_nowhere(
        self, world: World
    ) -> None:
        world.be_killed(*DECK[:3])
        with broken(world.workplace.warehouse):
            _, error = world.build_of(
                world.workplace.warehouse, select="stg_x__users_v2 stg_x__user_errors"
            )
            assert error is not None
        world.harvest(*DECK[3:5])
        assert world.planned() == SWEPT


@pytest.mark.skipif(not IS_LONG, reason="make torture")
class TestLongLife:
    @pytest.mark.parametrize("seed", range(10, 14))
    def test_whatever_happens_a_full_refresh_finds_nothing_to_change(
        self, seed: int, tmp_path: Path, builder: Builder
    ) -> None:
        world = small_world(tmp_path, builder, seed)
        dice = world.dice
        for _ in range(12):
            world.harvest(*dice.sample(World.EVENTS, dice.randint(2, 5)))
            reason = None
            match dice.randrange(9):
                case 0:
                    world.purge()
                    reason = FIRST
                case 1:
                    world.choose_rules()
                    reason = RULES
                case 2:
                    world.build_of(world.workplace.warehouse, as_of=_stamp(world.began))
                    reason = SETTINGS
                case 3:
                    world.be_killed(World.new, World.renamed, World.late)
                    assert world.build() is None
                    reason = SWEPT
                    world.harvest(World.refreshed)
                case 4:
                    with broken(world.workplace.warehouse):
                        assert world.build_of(world.workplace.warehouse)[1] is not None
                    world.harvest(World.handed_on)
                case _:
                    world.ask_x()
            assert world.build() == reason
            world.assert_as_if_built_whole()
        with world.changed(THRESHOLD):
            assert world.build() == SEEDS
            world.assert_as_if_built_whole()
        with world.changed(FORMULA):
            assert world.build() == "the models are not those of the last build"
            world.harvest(*World.EVENTS)
            assert world.build() is None
            world.assert_as_if_built_whole()

    def test_a_million_users_are_added_to_as_they_would_be_built(
        self, tmp_path: Path, builder: Builder
    ) -> None:
        world = huge_world(tmp_path, builder)
        unseen = Marks(world.workplace.warehouse, world.bystanders[0])
        world.harvest(*World.EVENTS)
        assert world.build() is None
        assert world.due() < 200
        assert unseen.still_there() == set(MARKS)
        for _ in range(2):
            world.ask_x()
            world.harvest(*World.EVENTS)
            assert world.build() is None
            assert world.due() < 200
        world.assert_as_if_built_whole()
