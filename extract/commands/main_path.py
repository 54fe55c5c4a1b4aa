"""The commands of the main path: harvest, build, gate, run, and the demo of them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extract.commands.options import (
    AsOf,
    BrandRules,
    Model,
    RiskRules,
    json_option,
    rule_files,
    takes_order,
)
from extract.commands.publishing import Force, Out, publish
from extract.errors import DataRefused
from extract.harvest.order import Order
from extract.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extract.harvest.harvest import Harvested
    from extract.harvest.rule_files import RuleFile
    from extract.settings import Project
    from extract.transform import Build

RUN_KEYS = "warehouse, harvest, build, outcomes, authors, excluded, top, release"


@takes_order
def harvest(
    order: Order,
    in_json: Annotated[
        bool,
        json_option(
            "run_id, targets, users, user_errors, rejected_lines, "
            "purged, users_billed, cost_usd, cost_usd_upper, quarantined_files"
        ),
    ] = False,
) -> None:
    """Land user payloads, from files or from the X API, verbatim in the warehouse.

    An interrupted harvest goes on where it was when the same command is run again. What a --dry-run says as
    JSON has the keys targets, resumes_run_id, fetched_today, requests, users, cost_usd, cost_usd_upper,
    budget_users, minutes, rate_limit and rate_limit_is_known.

    Example: influx-m2 harvest @jack --handles watchlist.txt --from authors.jsonl
    """
    from extract.settings import find_project

    project = find_project()
    if order.dry_run:
        _tell_plan(project, order, in_json=in_json)
        return
    done = _harvest(project, order)
    if order.rules:
        _apply_rules(project)
    if in_json:
        typer.echo(json_object(done.facts()))
        return
    landed = done.landed
    typer.echo(
        f"run {done.run_id}: {landed.users} users landed, {landed.user_errors} problems reported by X, "
        f"{landed.rejected_lines} lines rejected"
        + (f"; files quarantined: {len(done.quarantined)}" if done.quarantined else "")
    )
    if done.plan is not None:
        typer.echo(f"cost at most {done.plan.prices.told(landed.users_from_x)}")


def build(
    as_of: AsOf = None,
    brand_rules: BrandRules = None,
    risk_rules: RiskRules = None,
    full_refresh: Annotated[
        bool,
        typer.Option("--full-refresh", help="Build everything anew, not only what has come since."),
    ] = False,
    in_json: Annotated[bool, json_option("nodes, statuses, warnings")] = False,
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
    built = _build(find_project(), as_of, rules, full_refresh=full_refresh)
    typer.echo(json_object(built.facts()) if in_json else str(built))


def gate(
    model: Model = "m2",
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Build as of this UTC date first; it stays built so."),
    ] = None,
    in_json: Annotated[
        bool, json_option("model_version, as_of, verdict, objections, criteria")
    ] = False,
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
        typer.echo(str(_build(project, as_of)), err=True)
    with open_warehouse(project, read_only=True) as connection:
        judged = read_gate(connection, chosen_model(connection, model)["model_version"])
    if in_json:
        typer.echo(as_json(judged))
    else:
        show(judged, Console(highlight=False))
    if not judged.is_go:
        typer.echo(f"NO-GO: {', '.join(judged.failing)}", err=True)
        raise typer.Exit(DataRefused.exit_code)


@takes_order
def run(
    order: Order,
    as_of: AsOf = None,
    out: Out = None,
    model: Model = "m2",
    force: Force = False,
    in_json: Annotated[bool, json_option(RUN_KEYS)] = False,
) -> None:
    """Harvest, build and export in one go, with a summary at the end.

    The JSON of harvest, build and release is that of harvest, build and export.

    Example: influx-m2 run --handles watchlist.txt --max-cost 10
    """
    from extract.settings import find_project

    project = find_project()
    if order.dry_run:
        _tell_plan(project, order, in_json=in_json)
    else:
        _run(project, order, as_of, out, model, force, in_json=in_json)


def demo(in_json: Annotated[bool, json_option(f"{RUN_KEYS}, report")] = False) -> None:
    """Harvest, build and export 531 synthetic authors from a local stand-in for X. No token needed.

    It has a warehouse of its own, made anew each time, publishes to data/demo, and draws the report there.

    Example: influx-m2 demo
    """
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
        out = project.data / "demo"
        page = out / "report.html"
        _run(project, order, None, out, "m2", force=False, in_json=in_json, page=page)


def _tell_plan(project: Project, order: Order, *, in_json: bool) -> None:
    from extract.console import ProgressDisplay
    from extract.harvest.harvest import dry_run

    with ProgressDisplay() as display:
        planned = dry_run(project, order, display)
    if in_json:
        typer.echo(json_object(planned.facts()))
        return
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
) -> Build:
    from extract.console import ProgressDisplay
    from extract.transform import begin_build
    from extract.transform import build as transform

    _apply_rules(project, rules)
    with ProgressDisplay() as display:
        begin_build(display)
        built = transform(
            project,
            as_of=as_of,
            full_refresh=full_refresh,
            on_node=display.advance,
            note=display.note,
        )
        for warning in built.warnings:
            display.note(f"warning: {warning}")
    return built


def _run(
    project: Project,
    order: Order,
    as_of: str | None,
    out: Path | None,
    model: str,
    force: bool,
    *,
    in_json: bool,
    page: Path | None = None,
) -> None:
    from rich.console import Console

    from extract.summary import short, show, summarise

    done = _harvest(project, order)
    built = _build(project, as_of)
    release = publish(project, out, model, force)
    summary = summarise(project, done.run_id, release.manifest["score_version"])
    if page is not None:
        from extract.report.report import write_report

        write_report(project, release.manifest["score_version"], page)
    if in_json:
        told = {"warehouse": project.warehouse, "harvest": done.facts(), "build": built.facts()}
        drawn = {} if page is None else {"report": page}
        typer.echo(json_object(told | summary.facts() | {"release": release.facts()} | drawn))
        return
    show(summary, release, project, Console(highlight=False))
    if page is not None:
        typer.echo(f"report     {short(page)}")
