"""The command line: each command reads its options, calls the module that does the work, and reports.

Modules that are slow to import (duckdb, httpx, dbt, rich) are imported by the commands that need them.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extract import __version__
from extract.commands.forgetting import compliance, purge
from extract.commands.options import BrandRules, Model, RiskRules, rule_files, takes_order
from extract.commands.publishing import Force, Out, diff, export, publish, releases, rollback
from extract.commands.questions import explain, list_handles, sql, status
from extract.commands.reporting import report
from extract.commands.rules import app as rules_app
from extract.commands.simulating import simulate
from extract.commands.upkeep import backup, doctor, restore
from extract.commands.validating import validate
from extract.errors import DataRefused, InfluxError
from extract.harvest.order import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extract.harvest.harvest import Harvested
    from extract.harvest.rule_files import RuleFile
    from extract.settings import Project

EXIT_CODES = (
    "Exit codes: 0 done, 1 the data say no, 2 usage or an unreadable input, 3 stopped early with "
    "everything kept, 4 environment (token, lock, disk, dbt), 130 interrupted."
)

INTERRUPTED = 130

app = typer.Typer(
    name="influx-m2",
    help="Raw X user metrics in, a validated M2 author index out.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

AsOf = Annotated[
    str | None, typer.Option(metavar="DATE", help="Judge as of this UTC date, not as observed.")
]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Raw X user metrics in, a validated M2 author index out."""
    if version:
        typer.echo(f"influx-m2 {__version__}")
        raise typer.Exit


@app.command(epilog=EXIT_CODES)
@takes_order
def harvest(order: Order) -> None:
    """Land user payloads, from files or from the X API, verbatim in the warehouse.

    An interrupted harvest goes on where it was when the same command is run again.

    Example: influx-m2 harvest @jack --handles watchlist.txt --from authors.jsonl
    """
    from extract.settings import find_project

    project = find_project()
    if order.dry_run:
        _tell_plan(project, order)
        return
    done = _harvest(project, order)
    if order.rules:
        _apply_rules(project)
    landed = done.landed
    typer.echo(
        f"run {done.run_id}: {landed.users} users landed, {landed.user_errors} problems reported by X, "
        f"{landed.rejected_lines} lines rejected"
        + (f"; files quarantined: {len(done.quarantined)}" if done.quarantined else "")
    )
    if done.plan is not None:
        typer.echo(f"cost at most {done.plan.prices.told(landed.users_from_x)}")


@app.command(epilog=EXIT_CODES)
def build(
    as_of: AsOf = None,
    brand_rules: BrandRules = None,
    risk_rules: RiskRules = None,
    full_refresh: Annotated[
        bool,
        typer.Option("--full-refresh", help="Build everything anew, not only what has come since."),
    ] = False,
) -> None:
    """Run dbt build: every model, and every test of the data.

    The same as `dbt build` in the project's folder, but for the unit tests, which look at no data: those are for who
    changes a model.

    It adds what has come since to the last build. Where it cannot, since a list, a rule or a model
    was changed, say, it builds everything and says why.

    Example: influx-m2 build --brand-rules brands.yml --risk-rules default
    """
    from extract.settings import find_project

    rules = rule_files(brand_rules, risk_rules)
    typer.echo(_build(find_project(), as_of, rules, full_refresh=full_refresh))


@app.command(epilog=EXIT_CODES)
def calibrate(
    model: Model = "m2",
    write: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Put it into the project's seeds under this name."),
    ] = None,
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="What the population is, for those who ask later.")
    ] = "the publishable authors of a warehouse",
) -> None:
    """Make a map from raw scores to 0-100 out of the authors that are publishable now, as seed rows.

    All scores of the model version change with its map: calibrate a version before its first release,
    and make a version of your own for another map.

    Example: influx-m2 calibrate --model m2.1 --write 2026-11 --note "our watchlist"
    """
    from extract.calibrate import propose
    from extract.settings import find_project

    project = find_project()
    made = propose(project, model)
    typer.echo(made.as_csv(), nl=False)
    typer.echo(
        f"{made.model_version}: mean raw score {made.mean_raw_score} and deviation {made.deviation} "
        f"of {made.authors} authors",
        err=True,
    )
    if write is not None:
        for path in made.write(project, name=write, description=note):
            typer.echo(f"wrote {path}; in force with the next build", err=True)


@app.command(epilog=EXIT_CODES)
def gate(
    model: Model = "m2",
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Build as of this UTC date first; it stays built so."),
    ] = None,
    in_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say whether a release may go out, by seven criteria. Exit 0 means GO, exit 1 NO-GO.

    Two more, schema and integrity, are judged by export on the file that it has written.

    Example: influx-m2 gate --model m2 --json
    """
    from rich.console import Console

    from extract.release.gate import as_json, read_gate, show
    from extract.score_models import chosen_model
    from extract.settings import find_project
    from extract.warehouse import open_warehouse

    project = find_project()
    if as_of is not None:
        typer.echo(_build(project, as_of), err=True)
    with open_warehouse(project, read_only=True) as connection:
        judged = read_gate(connection, chosen_model(connection, model)["model_version"])
    if in_json:
        typer.echo(as_json(judged))
    else:
        show(judged, Console(highlight=False))
    if not judged.is_go:
        typer.echo(f"NO-GO: {', '.join(judged.failing)}", err=True)
        raise typer.Exit(DataRefused.exit_code)


@app.command(epilog=EXIT_CODES)
@takes_order
def run(
    order: Order, as_of: AsOf = None, out: Out = None, model: Model = "m2", force: Force = False
) -> None:
    """Harvest, build and export in one go, with a summary at the end.

    Example: influx-m2 run --handles watchlist.txt --max-cost 10
    """
    from extract.settings import find_project

    project = find_project()
    if order.dry_run:
        _tell_plan(project, order)
    else:
        _run(project, order, as_of, out, model, force)


for command in (
    *(export, releases, rollback, diff, validate),
    *(report, sql, status, explain, backup, restore, doctor),
):
    app.command(epilog=EXIT_CODES)(command)
app.command("handles", epilog=EXIT_CODES)(list_handles)
app.command(epilog=EXIT_CODES)(simulate)
app.add_typer(rules_app, epilog=EXIT_CODES)
app.command(epilog=EXIT_CODES)(purge)
app.add_typer(compliance, epilog=EXIT_CODES)


@app.command(epilog=EXIT_CODES)
def demo() -> None:
    """Harvest, build and export 531 synthetic authors from a local stand-in for X. No token needed."""
    from dataclasses import replace

    from extract.harvest.simulator import Simulator
    from extract.settings import find_project

    project = find_project()
    project = replace(project, warehouse=project.data / "demo.duckdb")
    project.warehouse.unlink(missing_ok=True)  # synthetic, and made anew each time
    handles = project.data / "sample" / "handles.csv"
    with Simulator() as simulator:
        os.environ |= {"X_API_BASE_URL": simulator.base_url, "X_BEARER_TOKEN": simulator.token}
        order = Order(handle_files=[str(handles)])
        _run(project, order, None, project.data / "demo", "m2", force=False)
    _report(project, project.data / "demo" / "report.html")


def _tell_plan(project: Project, order: Order) -> None:
    from extract.console import ProgressDisplay
    from extract.harvest.harvest import dry_run

    with ProgressDisplay() as display:
        planned = dry_run(project, order, display)
    for name, text in planned.told():
        typer.echo(f"{name:<14} {text}")


def _apply_rules(project: Project, chosen: Sequence[RuleFile] = ()) -> None:
    """Put rule files into force, and say which rules the next build goes by."""
    from extract.console import ProgressDisplay
    from extract.harvest.rule_sets import active_rules, choose_rules
    from extract.warehouse import open_warehouse

    with ProgressDisplay() as display, open_warehouse(project) as connection:
        choose_rules(connection, chosen, display.note)
        display.note("; ".join(map(str, active_rules(connection))))


def _harvest(project: Project, order: Order) -> Harvested:
    from extract.console import ProgressDisplay
    from extract.harvest.harvest import harvest as land

    with ProgressDisplay() as display:
        return land(project, order, display)


def _build(
    project: Project,
    as_of: str | None,
    rules: Sequence[RuleFile] = (),
    *,
    full_refresh: bool = False,
) -> str:
    from extract.console import ProgressDisplay
    from extract.transform import build as transform

    _apply_rules(project, rules)
    with ProgressDisplay() as display:
        display.begin("dbt build", None)
        built = transform(
            project,
            as_of=as_of,
            full_refresh=full_refresh,
            on_node=display.advance,
            note=display.note,
        )
        for warning in built.warnings:
            display.note(f"warning: {warning}")
    return f"built: {built.nodes} seeds, models and tests, {len(built.warnings)} warnings"


def _run(
    project: Project, order: Order, as_of: str | None, out: Path | None, model: str, force: bool
) -> None:
    from rich.console import Console

    from extract.summary import show, summarise

    done = _harvest(project, order)
    _build(project, as_of)
    release = publish(project, out, model, force)
    summary = summarise(project, done.run_id, release.manifest["score_version"])
    show(summary, release, project, Console(highlight=False))


def _report(project: Project, path: Path) -> None:
    from extract.report.report import write_report
    from extract.summary import short

    typer.echo(f"report     {short(write_report(project, 'm2', path).path)}")


def main() -> None:
    """Entry point."""
    run_app(app)


def run_app(command_line: typer.Typer) -> None:
    """Run a command line and turn every outcome into its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # people are named in every script
    try:
        command_line()
    except InfluxError as error:
        from extract.console import tell_error

        tell_error(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("interrupted; what was landed before is kept", err=True)
        raise
