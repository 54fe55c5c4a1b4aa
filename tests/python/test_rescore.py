"""influx-score update, as existing scripts call it: new scores, and every other byte as it was."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import BIN, ROOT, Workplace, needs_sample
from hypothesis import given
from hypothesis import strategies as st
from scoring_oracle import from_dataset_record, score_m0, score_m20
from test_landing import lines, record, user

from extract.record_text import NotEditable, with_members
from extract.rescore import rescored

SCORES = ("score", "quality_score", "activity_score", "relevance_score", "completeness")
KEYS = (*SCORES, "score_version")
with (ROOT / "seeds" / "score_models.csv").open(encoding="utf-8") as _seed:
    MODELS = [(row["model_version"], row["alias"]) for row in csv.DictReader(_seed)]


class Desk(Workplace):
    """A workplace in which influx-score leaves nothing behind in the folder for temporary files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.environment |= {"TMPDIR": str(self.temporary)}

    def start_update(self, *arguments: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(BIN / "influx-score"), "update", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def update(
        self, code: int, *arguments: object, stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        process = self.start_update(*arguments)
        out, errors = process.communicate(stdin, timeout=600)
        assert process.returncode == code, errors.decode()
        assert b"Traceback" not in errors, errors.decode()
        assert not list(self.temporary.iterdir())
        return subprocess.CompletedProcess(process.args, code, out, errors)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, sample_warehouse: Path) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("sample"))
    shutil.copy(sample_warehouse, desk.warehouse)
    return desk


@needs_sample
class TestARelease:
    """A release holds all that its scores were made from: scored again, it is the same release."""

    @staticmethod
    def released(desk: Desk, version: str) -> bytes:
        desk.succeed("export", "--force", "--model", version, "--out", desk.out)
        return (desk.out / "latest" / "latest.jsonl").read_bytes()

    @pytest.mark.parametrize(("version", "alias"), MODELS, ids=[version for version, _ in MODELS])
    def test_is_given_back_to_the_byte(self, sample: Desk, version: str, alias: str) -> None:
        before = self.released(sample, version)
        assert before.count(b"\n") > 80
        # the scores are made, not passed through
        spoilt = [json.loads(line) for line in before.splitlines()]
        for one in spoilt:
            one["meta"] |= dict.fromkeys(one["meta"].keys() & set(SCORES), 0.5)
            one["meta"]["score_version"] = "m9"
        packed = gzip.compress(
            "".join(
                json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in spoilt
            ).encode()
        )
        if alias:
            options = ("--authors", "-", "--out", "-", "--model", alias)
            assert sample.update(0, *options, stdin=packed).stdout == before
            return
        path = sample.folder / "records.jsonl.gz"
        path.write_bytes(packed)
        done = sample.update(0, "--authors", path, "--out", path, "--model", version)
        assert done.stdout == b""
        assert gzip.decompress(path.read_bytes()) == before

    def test_is_the_same_again_as_of_the_day_it_was_made_for(self, sample: Desk) -> None:
        usual = self.released(sample, "m2.0")
        sample.build(as_of="2026-11-28")
        before = self.released(sample, "m2.0")
        assert before != usual
        path = sample.folder / "then.jsonl"
        path.write_bytes(before)
        out = sample.folder / "now.jsonl"
        options = ("--authors", path, "--out", out, "--model", "m2.0")
        sample.update(0, *options, "--as-of", "2026-11-28")
        assert out.read_bytes() == before


ADA = (
    '{ "id":"101", "handle" : "ada","name":"Ad\\u00e9, data \\ud83c\\udf89", "verified":"blue",'
    '"followers_count": 90123, "share": 1.0, "big": 123456789012345678901234567890, "e": 1E5, '
    '"score": 7, "meta" : {"rank_global": 3,  "score":1.00 , "x": [ ],'
    '"activity_metrics": {"tweet_count": 400, "listed_count": 20,'
    ' "last_captured_at": "2025-11-01T00:00:00Z"}, "sources": []}, "lang_primary": "pt-BR" }'
)
BOB = '{"id":102,"handle":"bob","name":"Bob","verified":"none","followers_count":1000000}'
EVE = (
    '{"id":"103","handle":"eve","name":"Eve é","verified":"org","followers_count":5,"meta":'
    '{"activity_score":1,"completeness":2,"last_refresh_at":"2025-11-01T00:00:00Z",'
    '"score_version":"old","relevance_score":3}}'
)
JOE = '{"id":"104","handle":"joe","name":"Joe","followers_count":7,"meta":null}'


def oracle(text: str, model: str) -> tuple[str, ...]:
    """The score's own texts, as Python's formulas give them."""
    observation = from_dataset_record(json.loads(text), datetime(2025, 11, 1, tzinfo=UTC))
    if model == "m0":
        score = score_m0(observation).score
        return (repr(float(score)), repr(float(score)))
    found = score_m20(observation)
    return (
        repr(float(found.score)),
        repr(float(found.quality)),
        repr(round(float(found.activity), 9)),
        repr(float(found.relevance)),
    )


def test_messy_records_keep_every_byte_that_is_not_a_score(desk: Desk) -> None:
    text = f"\ufeff{ADA}\r\n\n{BOB}\n  {EVE}\t\r\n{JOE}"
    path = desk.write("in.jsonl", text)
    os.utime(path, (1_761_868_800, 1_761_868_800))  # 2025-10-31, for those who say no time
    out = desk.write("out.jsonl", "as it was")
    done = desk.update(0, "--authors", path.name, "--out", out.name, "--model", "m2.0")
    said = done.stderr.decode()
    assert (
        "in.jsonl: 2 records say not when they were observed; taken as 2025-10-31 00:00:00Z" in said
    )
    assert "out.jsonl: 4 records scored by m2.0" in said

    made = out.read_bytes().decode()
    share = {"ada": 3 / 6, "bob": 1 / 6, "eve": 1 / 6, "joe": 1 / 6}
    parts = {}
    for name, one in (("ada", ADA), ("bob", BOB), ("eve", EVE), ("joe", JOE)):
        score, quality, activity, relevance = oracle(one, "m2.0")
        parts[name] = (score, quality, activity, relevance, repr(round(share[name], 9)), '"m2.0"')
    score, quality, activity, relevance, complete, version = parts["ada"]
    ada = ADA.replace("1.00", score).replace(
        '"sources": []',
        f'"sources": [],  "quality_score": {quality},  "activity_score": {activity},  '
        f'"relevance_score": {relevance},  "completeness": {complete},  "score_version": {version}',
    )
    added = {
        name: ",".join(f'"{key}":{part}' for key, part in zip(KEYS, parts[name], strict=True))
        for name in ("bob", "joe")
    }
    bob = BOB[:-1] + ',"meta":{' + added["bob"] + "}}"
    joe = JOE.replace("null", "{" + added["joe"] + "}")
    score, quality, activity, relevance, complete, version = parts["eve"]
    eve = EVE.replace('"activity_score":1', f'"activity_score":{activity}')
    eve = eve.replace('"completeness":2', f'"completeness":{complete}').replace('"old"', version)
    eve = eve.replace(
        '"relevance_score":3',
        f'"relevance_score":{relevance},"score":{score},"quality_score":{quality}',
    )
    assert made == f"\ufeff{ada}\r\n\n{bob}\n  {eve}\t\r\n{joe}"
    # neither needed nor made
    assert not desk.warehouse.exists()

    # back to m0: the parts of M2 would be somebody else's
    desk.update(0, "--authors", out, "--out", out, "--model", "m0")
    records = [json.loads(line) for line in out.read_text("utf-8-sig").splitlines() if line.strip()]
    for before, after in zip((ADA, BOB, EVE, JOE), records, strict=True):
        score, quality = oracle(before, "m0")
        assert (repr(after["meta"]["score"]), repr(after["meta"]["quality_score"])) == (
            score,
            quality,
        )
        assert after["meta"]["score_version"] == "m0"
        assert not after["meta"].keys() & {"activity_score", "relevance_score", "completeness"}


def test_every_line_that_cannot_be_scored_is_named_and_nothing_is_written(desk: Desk) -> None:
    good = json.dumps(record(1))
    path = desk.write(
        "in.jsonl",
        "\n".join(
            [
                good,
                "{not json",
                json.dumps(user(2)),
                json.dumps(record(3) | {"id": None}),
                json.dumps({"data": [user(4), user(5)]}),
                json.dumps({"errors": [{"value": "gone", "title": "Not Found Error"}]}),
            ]
        ),
    )
    out = desk.write("out.jsonl", "as it was\n")
    done = desk.update(1, "--authors", path.name, "--out", out, "--model", "m2")
    said = done.stderr.decode().splitlines()
    named = [line.removeprefix("in.jsonl, ") for line in said if line.startswith("in.jsonl, ")]
    assert [line.split(":")[0] for line in named] == [f"line {n}" for n in range(2, 7)]
    for line, reason in zip(
        named,
        ["not valid JSON", "v2_user", "without an id", "v2_user", "problem as X reports it"],
        strict=True,
    ):
        assert reason in line
    assert (
        "5 lines of in.jsonl cannot be scored, see above; nothing was written"
        in done.stderr.decode()
    )
    assert out.read_text() == "as it was\n"
    assert sorted(path.name for path in desk.folder.iterdir()) == [
        "in.jsonl", "out.jsonl", "temporary",
    ]  # fmt: skip


def test_records_of_later_than_as_of_and_keys_that_stand_twice_are_refused(desk: Desk) -> None:
    later = record(2, meta={"last_refresh_at": "2025-12-01T00:00:00Z"})
    twice = '{"id":"3","handle":"c","followers_count":1,"meta":{"score":1,"score":2}}'
    listed = '{"id":"4","handle":"d","followers_count":1,"meta":[]}'
    path = desk.write(
        "in.jsonl", lines(record(1), later) + f"{twice}\n{listed}\n" + lines(record(1))
    )
    out = desk.folder / "out.jsonl"
    options = ("--authors", path, "--out", out, "--model", "m2.0", "--as-of", "2025-11-15")
    said = desk.update(1, *options).stderr.decode()
    assert f"{path}, line 2: observed after --as-of" in said
    assert f"{path}, line 3: its scores cannot be put in: the key score stands there twice" in said
    assert f"{path}, line 4: its scores cannot be put in: its meta is not an object" in said
    assert f"{path}, line 5: the same author as in line 1" in said
    assert "3 lines of" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--authors", "gone.jsonl"), "there is no file gone.jsonl"),
        (("--out", "nowhere/out.jsonl"), "there is no folder"),
        (("--out", "."), "is a folder"),
        (("--as-of", "yesterday"), "--as-of 'yesterday' is not a UTC stamp"),
        (("--as-of", "2025-13-01"), "--as-of '2025-13-01' is not a UTC stamp"),
        (("--authors", "array.json"), "one JSON document, not one record a line"),
    ],
    ids=["no file", "no folder", "folder", "no date", "no month", "array"],
)
def test_what_cannot_be_done_is_said_before_anything_is_built(
    desk: Desk, arguments: tuple[str, ...], reason: str
) -> None:
    desk.write("in.jsonl", lines(record(1)))
    desk.write("array.json", json.dumps([record(1)]))
    usual = {"--authors": "in.jsonl", "--out": "out.jsonl", "--model": "m2"}
    usual |= dict([arguments])
    done = desk.update(2, *(word for pair in usual.items() for word in pair))
    assert reason in done.stderr.decode()
    assert b"dbt build" not in done.stderr


def test_ctrl_c_leaves_nothing_behind(desk: Desk) -> None:
    desk.write("in.jsonl", lines(record(1)))
    process = desk.start_update("--authors", "in.jsonl", "--out", "out.jsonl", "--model", "m2")
    deadline = time.monotonic() + 60
    while not list(desk.temporary.glob("influx-scratch-*/target")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
    assert not list(desk.temporary.iterdir())
    assert not (desk.folder / "out.jsonl").exists()


def test_an_error_in_a_throw_away_warehouse_leaves_the_caller_as_it_was(desk: Desk) -> None:
    program = """
import os
from extract.console import ProgressDisplay
from extract.scratch import scratch_warehouse
from extract.settings import find_project
from extract.errors import InfluxError
from extract.warehouse import open_warehouse
project = find_project()
display = ProgressDisplay(quiet=True)
try:
    with scratch_warehouse(project) as scratch:
        folder = scratch.folder
        assert scratch.build("score_models", display).nodes > 0
        with open_warehouse(scratch.project, read_only=True) as connection:
            connection.execute("from staging.score_models")
        assert not os.path.exists(project.root / "target" / folder.name)
        scratch.build("there_is_no_such_thing +", display, as_of="nonsense")
except InfluxError as error:
    print(error)
print(folder.exists(), project.warehouse.exists(), os.environ["INFLUX_DB"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=desk.environment,
        cwd=desk.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "--as-of 'nonsense' is not a UTC stamp",
        f"False False {desk.warehouse}",
    ]


spaces = st.sampled_from(["", "", " ", "  ", "\t"])
numbers = st.sampled_from(["0", "1.0", "-0.10", "1E+5", "12345678901234567890123", "100.000"])
strings = st.sampled_from(['""', r'"\u00e9"', '"é}{"', r'"a\"b"', r'"\ud83c"', '"🎉"', '"score"'])
plain = st.one_of(numbers, strings, st.sampled_from(["true", "false", "null", "[ ]", "{}"]))
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: "[" + " , ".join(parts) + "]"),
        st.lists(inner, max_size=3).map(
            lambda parts: "{" + ", ".join(f'"k{n}":{part}' for n, part in enumerate(parts)) + "}"
        ),
    ),
    max_leaves=8,
)
other_keys = st.lists(st.sampled_from(["a", "b", "é", "Score", "scores"]), unique=True)
members = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*KEYS, "rank_global", "sources"), values)
)
new_scores = st.fixed_dictionaries(
    {key: st.sampled_from(["1.0", "67.7", "0.123456789"]) for key in ("score", "quality_score")}
    | {key: st.sampled_from([None, "3.5"]) for key in SCORES[2:]}
    | {"score_version": st.just('"m2.0"')}
)


@given(
    st.data(),
    members,
    new_scores,
    st.sampled_from([("", ":", ","), ("", ": ", ", "), (" ", ": ", ", ")]),
    st.sampled_from(["", "\n", "\r\n", " \n"]),
)
def test_only_the_named_keys_of_meta_change(
    data: st.DataObject,
    before: dict[str, str],
    changes: dict[str, str | None],
    style: tuple[str, str, str],
    end: str,
) -> None:
    pad, colon, comma = style

    def text_of(meta: dict[str, str], around: dict[str, str]) -> str:
        inner = comma.join(f'"{key}"{colon}{text}' for key, text in meta.items())
        written = around | {"meta": f"{{{pad}{inner}{pad}}}"}
        return "{" + pad + comma.join(f'"{k}"{colon}{v}' for k, v in written.items()) + pad + "}"

    keys = data.draw(other_keys)
    place = data.draw(st.integers(0, len(keys)))
    around = {key: data.draw(values) for key in keys[:place]}
    around["meta"] = ""
    around |= {key: data.draw(values) for key in keys[place:]}
    after = {
        key: changes.get(key, text)
        for key, text in before.items()
        if key not in changes or changes[key] is not None
    }
    after |= {key: text for key, text in changes.items() if text is not None}
    expected = text_of({key: text for key, text in after.items() if text is not None}, around)
    line = (text_of(before, around) + end).encode()
    if before:
        assert rescored(line, changes) == (expected + end).encode()
    got: dict[str, Any] = json.loads(rescored(line, changes))
    assert got == json.loads(expected)


@pytest.mark.parametrize(
    ("record_text", "reason"),
    [
        ("[]", "not an object"),
        ("{", "not plain JSON"),
        ('{"meta":{},}', "not plain JSON"),
        ('{"meta" {}}', "not plain JSON"),
        ('{"meta":{"a":1', "not plain JSON"),
        ('{"meta":{},"meta":{}}', "the key meta stands there twice"),
        ('{"meta":3}', "its meta is not an object"),
        ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep"),
    ],
    ids=["list", "open", "comma", "colon", "cut", "twice", "number", "deep"],
)
def test_a_text_that_leaves_doubt_is_not_edited(record_text: str, reason: str) -> None:
    with pytest.raises(NotEditable, match=reason):
        with_members(record_text, "meta", {"score": "1"})
