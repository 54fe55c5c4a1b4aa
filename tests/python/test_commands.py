"""What all commands have in common: help with examples, JSON for machines, completion, and what typos may mean."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import BIN, SAMPLE, Workplace, needs_sample
from test_landing import lines, record
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from extract import influx_harvest, influx_score, influx_validate
from extract.cli import PANELS, app
from extract.refresh import Left, Refreshed
from extract.stewardship.doctor import as_json as doctor_as_json
from extract.suggesting import closest, did_you_mean

PROGRAMS = {
    "influx-m2": app,
    "influx-harvest": influx_harvest.app,
    "influx-score": influx_score.app,
    "influx-validate": influx_validate.app,
}


def commands_of(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, TyperCommand]]:
    if not isinstance(group, TyperGroup):
        yield " ".join(words), group
        return
    for name, command in group.commands.items():
        yield from commands_of(command, (*words, name))


COMMANDS = {
    words: command
    for program, program_app in PROGRAMS.items()
    for words, command in commands_of(get_command(program_app), (program,))
}


class TestHelp:
    def test_there_are_commands(self) -> None:
        assert len(COMMANDS) >= 25
        assert "influx-m2 rules test" in COMMANDS
        assert "influx-validate" in COMMANDS

    @pytest.mark.parametrize("words", COMMANDS)
    def test_every_command_has_an_example_that_can_be_typed(self, words: str) -> None:
        command = COMMANDS[words]
        example = re.search(r"Example: (.+)", command.help or "")
        assert example, f"{words} has no example"
        program, *rest = shlex.split(example[1].split(" > ")[0])
        whole, name = get_command(PROGRAMS[program]), program
        while isinstance(whole, TyperGroup):
            name, *rest = rest
            whole = whole.commands[name]
        # what validate calls itself as a program of its own is the same command
        assert whole.help == command.help
        whole.make_context(name, rest)  # raises where an option is none

    @pytest.mark.parametrize("words", COMMANDS)
    def test_every_command_names_its_exit_codes(self, words: str) -> None:
        for code in ("0 done", "1 the", "2 usage", "3 stopped", "4 environment", "130 interr"):
            assert code in (COMMANDS[words].epilog or "")

    @pytest.mark.parametrize("program", PROGRAMS)
    def test_every_program_does_so_too(self, program: str) -> None:
        assert "Exit codes: 0 done" in (get_command(PROGRAMS[program]).epilog or "")

    def test_commands_stand_in_panels_the_main_path_first(self) -> None:
        said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
        panels = re.findall(r"─ (\w[\w ]*) ─", said)
        assert panels == ["Options", *PANELS]
        main_path = said.split("─ Main path ─")[1].split("─ Questions ─")[0]
        assert re.findall(r"│ ([a-z]+) ", main_path)[:7] == [
            *("demo", "harvest", "build", "report", "gate", "run", "export")
        ]
        assert max(map(len, said.splitlines())) <= 80

    def test_paragraphs_break_where_the_terminal_ends(self) -> None:
        said = CliRunner().invoke(app, ["purge", "--help"], env={"COLUMNS": "80"}).output
        whole = " ".join(said.split())
        assert "What stays is a tombstone, a keyed hash of id and handles" in whole
        paragraph = said[said.index(" The warehouse is") : said.index(" Example:")].splitlines()
        assert all(len(line.rstrip()) > 60 for line in paragraph[:-2])


def told_by_help(words: str) -> list[str]:
    """The keys of a command's JSON, as its help names them."""
    (option,) = (one for one in COMMANDS[words].params if "--json" in one.opts)
    found = re.search(r"(?:One JSON object|an object a release): (.+)\.", str(option.help))  # type: ignore[attr-defined]
    assert found, option
    return found[1].split(", ")


@needs_sample
class TestJson:
    def ask(self, released: Workplace, *words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(app, list(words), env=released.environment)
        assert done.exit_code == code, (words, done.output, done.exception)
        return json.loads(done.stdout)  # one value, and nothing before or after it

    @pytest.mark.parametrize(
        "words",
        [
            "status",
            "gate",
            "explain {handle}",
            "rules test {handle}",
            "export --out {out} --force",
            "rollback {release} --out {out}",
            "diff latest --out {out}",
            "calibrate",
            "report --out {folder}/report.html",
            "backup {folder}/backup.duckdb --force",
            "lake {folder}/lake",
            "harvest --from {folder}/one.jsonl",
        ],
    )
    def test_one_object_is_all_there_is_and_its_help_names_the_keys(
        self, released: Workplace, words: str
    ) -> None:
        released.write("one.jsonl", lines(record(1)))
        given = {
            "handle": released.value("select min(handle) from marts.author_scores"),
            "release": (released.out / "latest").resolve().name,
            "out": released.out,
            "folder": released.folder,
        }
        failing = released.value(
            "select count(*) from marts.release_gate where model_version = 'm2.1' and verdict = 'NO-GO'"
        )
        code = 1 if words == "gate" and failing else 0
        answer = self.ask(released, *words.format(**given).split(), "--json", code=code)
        (command,) = (one for one in COMMANDS if f"influx-m2 {words} ".startswith(f"{one} "))
        assert list(answer) == told_by_help(command)

    def test_a_list_of_releases_is_an_array_of_such(self, released: Workplace) -> None:
        answer = self.ask(released, "releases", "--json", "--out", str(released.out))
        assert sorted(answer[0]) == sorted(told_by_help("influx-m2 releases"))

    def test_what_goes_out_beside_the_releases_names_its_file(self, released: Workplace) -> None:
        for option in ("--snapshot", "--ids-only"):
            told = self.ask(
                released, "export", option, "--out", str(released.out), "--force", "--json"
            )
            assert Path(told.pop("file")).is_file()
            assert set(told) < set(told_by_help("influx-m2 export"))

    def test_a_dry_run_says_what_asking_would_take(self, released: Workplace) -> None:
        told = self.ask(released, "harvest", "--dry-run", "@jack", "@naval", "--json")
        assert (told["requests"], told["users"]) == (1, 2)
        assert (told["cost_usd"], told["cost_usd_upper"]) == ("0.020", "0.030")
        told_in_help = CliRunner().invoke(app, ["harvest", "--help"], env={"COLUMNS": "80"})
        for key in told:
            assert key in told_in_help.output

    def test_a_purge_that_is_only_tried_names_who_is_meant(self, released: Workplace) -> None:
        (author,) = released.rows(
            "select handle, author_id from marts.authors order by handle limit 1"
        )
        handle, author_id = author.values()
        told = self.ask(released, "purge", "--dry-run", handle, "--json")
        assert told["people"] == 1
        assert {"person": 1, "kind": "id", "value": author_id} in told["names"]

    def test_what_the_doctor_says_has_the_keys_of_its_help(self) -> None:
        assert list(json.loads(doctor_as_json([]))) == told_by_help("influx-m2 doctor")

    def test_a_purge_and_a_restore_say_what_they_did(self, sample: Workplace) -> None:
        backup = sample.folder / "away" / "backup.duckdb"
        backup.parent.mkdir()
        self.ask(sample, "backup", str(backup), "--json")
        author = sample.value("select min(handle) from marts.authors")
        told = self.ask(sample, "purge", author, "--no-build", "--json")
        for command in ("influx-m2 purge", "influx-m2 compliance apply"):
            assert list(told) == told_by_help(command)
        assert (told["people"], told["rows"]) == (1, 1)
        told = self.ask(sample, "restore", str(backup), "--force", "--json")
        assert list(told) == told_by_help("influx-m2 restore")
        assert told["forgotten"] == 1
        assert told["tables"]["raw.users"] > 100
        nobody = sample.write("none.jsonl", "\n")
        refused = sample.refuse(1, "compliance", "apply", nobody, "--json")
        assert "none.jsonl is empty" in refused

    def test_the_historic_refresh_names_who_was_left_out(
        self, monkeypatch: pytest.MonkeyPatch, released: Workplace
    ) -> None:
        left = [Left("@joe", "not found: Could not find user")]
        monkeypatch.setattr("extract.refresh.refresh", lambda *_, **__: Refreshed(2, left))
        words = ["m2-refresh", "--input", "a", "--handles", "b", "--out", "OUT.jsonl", "--json"]
        done = CliRunner().invoke(influx_harvest.app, words, env=released.environment)
        told = json.loads(done.stdout)
        assert list(told) == told_by_help("influx-harvest m2-refresh")
        assert told["left"] == [{"handle": "@joe", "reason": "not found: Could not find user"}]
        assert "@joe: not found" in done.stderr

    def test_a_whole_run_is_told_as_one(self, workplace: Workplace) -> None:
        said = workplace.succeed(
            *("run", "--from", SAMPLE, "--out", workplace.out, "--force", "--json")
        )
        told = json.loads(said)
        assert list(told) == told_by_help("influx-m2 run")
        assert told_by_help("influx-m2 demo") == [*told, "report"]
        assert list(told["harvest"]) == told_by_help("influx-m2 harvest")
        assert list(told["build"]) == told_by_help("influx-m2 build")
        assert list(told["release"]) == told_by_help("influx-m2 export")
        assert told["build"]["nodes"] == sum(told["build"]["statuses"].values()) > 50
        assert told["top"][0]["rank_global"] == 1
        assert told["release"]["count"] == len(
            (workplace.out / "latest" / "latest.jsonl").read_text("utf-8").splitlines()
        )


def completed(*words: str, environment: dict[str, str] | None = None) -> list[str]:
    """What bash is offered for the last of the words."""
    asked = {
        "_INFLUX_M2_COMPLETE": "complete_bash",
        "COMP_WORDS": shlex.join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = CliRunner().invoke(app, [], prog_name="influx-m2", env=asked | (environment or {}))
    return done.stdout.split()


class TestCompletion:
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_every_program_can_be_completed(self, program: str) -> None:
        said = CliRunner().invoke(PROGRAMS[program], ["--help"]).output
        assert "--install-completion" in said

    def test_commands_and_options_are_offered(self) -> None:
        assert completed("influx-m2", "ha") == ["harvest", "handles"]
        assert completed("influx-m2", "compliance", "a") == ["apply"]
        assert set(completed("influx-m2", "harvest", "--max-")) == {
            *("--max-users", "--max-cost", "--max-wait")
        }

    def test_values_are_offered_where_they_are_known(self, workplace: Workplace) -> None:
        assert completed("influx-m2", "gate", "--model", "m2") == ["m2.0", "m2.1", "m2"]
        assert completed("influx-m2", "simulate", "--dialect", "l") == ["legacy"]
        assert completed("influx-m2", "sql", "--open", "s") == ["shell"]
        for name in ("20251101-aaaaaaaaaaaa", "20251128-bbbbbbbbbbbb"):
            (workplace.out / "releases" / name).mkdir(parents=True)
        offered = completed("influx-m2", "rollback", "--out", str(workplace.out), "2025")
        assert offered == ["20251128-bbbbbbbbbbbb", "20251101-aaaaaaaaaaaa"]
        offered = completed("influx-m2", "diff", "--out", str(workplace.out), "la")
        assert offered == ["latest"]

    def test_bash_itself_completes(self, workplace: Workplace) -> None:
        script = workplace.run(environment={"_INFLUX_M2_COMPLETE": "source_bash"}).stdout
        done = subprocess.run(
            ["bash", "--norc", "-c", f"{script}\n{TAB}"],
            capture_output=True,
            text=True,
            env=workplace.environment | {"PATH": f"{BIN}:/usr/bin:/bin"},
            check=True,
        )
        assert done.stdout.split() == ["rollback"]


TAB = """
COMP_WORDS=(influx-m2 roll) COMP_CWORD=1
_influx_m2_completion influx-m2
printf '%s\\n' "${COMPREPLY[@]}"
"""


class TestTypos:
    @pytest.mark.parametrize(
        ("words", "meant"),
        [
            ("harvset", "harvest"),
            ("sttaus", "status"),
            ("rules tset", "test"),
            ("harvest --hndles x", "--handles"),
            ("export --snapshto", "--snapshot"),
        ],
    )
    def test_a_mistyped_command_or_option_is_asked_back(self, words: str, meant: str) -> None:
        done = CliRunner().invoke(app, words.split(), env={"COLUMNS": "80"})
        assert done.exit_code == 2
        assert meant in done.stderr
        assert done.stdout == ""

    def test_of_known_names_the_likeliest_come_first(self) -> None:
        models = ["m0", "m2.0", "m2.1", "m2"]
        assert closest("M21", models)[0] == "m2.1"
        assert closest("zzz", models) == []
        assert closest("20251128", ["20251101-aaaa", "20251128-bbbb"])[0] == "20251128-bbbb"
        assert did_you_mean(["a", "b", "c"]) == "did you mean a, b or c? "
        assert did_you_mean(["a"]) == "did you mean a? "
        assert did_you_mean([]) == ""

    @needs_sample
    def test_a_mistyped_handle_is_asked_back_and_nothing_is_done(self, sample: Workplace) -> None:
        people = [
            row["handle"] for row in sample.rows("select handle from marts.authors order by handle")
        ]
        known = next(one for one in people if len(one) >= 7 and one[1].lower() != one[2].lower())
        typo = known[0] + known[2] + known[1] + known[3:]
        assert typo.lower() not in {one.lower() for one in people}
        asked_back = f"next: did you mean @{known}"
        assert asked_back in sample.refuse(1, "explain", f"@{typo}")
        assert asked_back in sample.refuse(2, "rules", "test", typo)
        done = sample.run("purge", "--dry-run", typo)
        assert f"nobody was ever seen as @{typo.lower()}; did you mean @{known}" in done.stderr
        assert done.stdout == f"1\thandle\t{typo.lower()}\n"
        done = sample.run("purge", "--no-build", typo)
        assert f"did you mean @{known}" in done.stderr
        assert "purged 1 person: nothing was kept" in done.stdout
        assert sample.value("select count(*) from raw.users") == len(people)

    @needs_sample
    def test_a_mistyped_release_or_model_is_asked_back(self, sample: Workplace) -> None:
        latest = sample.publish().resolve().name
        day = latest.split("-")[0]
        out = ("--out", sample.out)
        assert f"did you mean {latest}? " in sample.refuse(2, "rollback", day, *out)
        assert f"did you mean {latest}? " in sample.refuse(2, "diff", latest[:-2] + "zz", *out)
        assert "did you mean latest? " in sample.refuse(2, "diff", "lastet", *out)
        said = sample.refuse(2, "gate", "--model", "m21")
        assert "did you mean m2.1" in said
        assert "choose one of: m0, m2.0, m2.1, m2" in said
