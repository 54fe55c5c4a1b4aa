"""The options that say what to harvest: stated once, for every command that harvests."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from extract.commands.completing import model_names
from extract.harvest.budget import USERS_A_REQUEST
from extract.harvest.order import Order

if TYPE_CHECKING:
    from extract.harvest.rule_files import RuleFile

_WHOM = "Whom to ask for"
_LIMITS = "Limits and pace"

Model = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="m2 (the current M2), m2.1, m2.0 or m0.",
        autocompletion=model_names,
    ),
]
AsOf = Annotated[
    str | None, typer.Option(metavar="DATE", help="Judge as of this UTC date, not as observed.")
]
Program = Literal["shell", "ui", "harlequin"]  # what the warehouse can be opened in
BrandRules = Annotated[
    str | None,
    typer.Option("--brand-rules", metavar="FILE", help="Judge brands by this YAML from now on."),
]
RiskRules = Annotated[
    str | None,
    typer.Option("--risk-rules", metavar="FILE", help="The same for risks; `default`: the seeds."),
]


def json_option(keys: str) -> Any:
    """``--json``, whose help names the keys of the one object that is written: "release_id, folder, latest"."""
    return typer.Option("--json", help=f"One JSON object: {keys}.")


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"{text!r} is not an amount of USD, such as 5 or 2.50.")
    return amount


def order(
    handles: Annotated[
        list[str] | None, typer.Argument(help="Handles to ask X for, with or without @.")
    ] = None,
    handle_files: Annotated[
        list[str] | None,
        typer.Option(
            "--handles",
            metavar="FILE",
            help="A list of handles: text, CSV or data set.",
            rich_help_panel=_WHOM,
        ),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="FILE", help="Payloads: .jsonl, .json, .gz, or - (repeatable)."
        ),
    ] = None,
    observed_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="UTC time of payloads that name none; else the file's time."
        ),
    ] = None,
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="Quarantine a data set (--from) whole unless all of it passes strict validation. "
            "Files without a data set record are taken line by line, as ever.",
        ),
    ] = False,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Ask again, by id, for known authors, the longest unchecked first.",
            rich_help_panel=_WHOM,
        ),
    ] = False,
    older_than: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="With --refresh: only those unchecked for 12h, 7d, 2w.",
            rich_help_panel=_WHOM,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="With --refresh: at most so many authors.", rich_help_panel=_WHOM),
    ] = None,
    refetch: Annotated[
        bool,
        typer.Option(
            "--refetch",
            help="Ask even for those fetched earlier in this UTC day.",
            rich_help_panel=_WHOM,
        ),
    ] = False,
    no_posts: Annotated[
        bool,
        typer.Option(
            "--no-posts",
            help="Do not ask for pinned and latest posts, which X may bill.",
            rich_help_panel=_WHOM,
        ),
    ] = False,
    max_users: Annotated[
        int | None,
        typer.Option(min=0, help="Stop before more users are billed.", rich_help_panel=_LIMITS),
    ] = None,
    max_cost: Annotated[
        Decimal | None,
        typer.Option(
            parser=_amount,
            metavar="USD",
            help="Stop before it costs more, at the upper price.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    batch_size: Annotated[
        int,
        typer.Option(
            min=1, max=USERS_A_REQUEST, help="Handles a request.", rich_help_panel=_LIMITS
        ),
    ] = Order.batch_size,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Requests at once.", rich_help_panel=_LIMITS)
    ] = Order.concurrency,
    delay: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Pause between requests.", rich_help_panel=_LIMITS
        ),
    ] = Order.delay,
    backoff: Annotated[
        float,
        typer.Option(
            min=0.001,
            metavar="SECONDS",
            help="First pause after a fault; it doubles.",
            rich_help_panel=_LIMITS,
        ),
    ] = Order.backoff,
    max_wait: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="The longest wait for a rate limit.",
            rich_help_panel=_LIMITS,
        ),
    ] = Order.max_wait,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Holds the Bearer token; else X_BEARER_TOKEN, else .env."
        ),
    ] = None,
    brand_rules: BrandRules = None,
    risk_rules: RiskRules = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what it would ask and cost, and ask nothing.",
            rich_help_panel=_LIMITS,
        ),
    ] = False,
) -> Order:
    """The order that the options amount to."""
    return Order(
        handles=handles or (),
        handle_files=handle_files or (),
        files=files or (),
        observed_at=observed_at,
        refresh=refresh,
        older_than=older_than,
        limit=limit,
        refetch=refetch,
        with_posts=not no_posts,
        max_users=max_users,
        max_cost=max_cost,
        batch_size=batch_size,
        concurrency=concurrency,
        delay=delay,
        backoff=backoff,
        max_wait=max_wait,
        token_file=token_file,
        rules=rule_files(brand_rules, risk_rules),
        validate=validate,
        dry_run=dry_run,
    )


def rule_files(brand_rules: str | None, risk_rules: str | None) -> list[RuleFile]:
    """The rule files that were named, read and found sound."""
    if brand_rules is None and risk_rules is None:
        return []
    from extract.harvest.rule_files import read_rule_file

    brand = [read_rule_file(brand_rules, "brand")] if brand_rules is not None else []
    risk = [read_rule_file(risk_rules, "risk")] if risk_rules is not None else []
    return brand + risk


def takes_order(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is an Order, as one that has the order's options in its place."""
    asked = inspect.signature(order).parameters
    own = dict(list(inspect.signature(command).parameters.items())[1:])

    @wraps(command)
    def with_options(**values: Any) -> None:
        given = order(**{name: values.pop(name) for name in asked})
        command(given, **values)

    hints = get_type_hints(command, include_extras=True) | get_type_hints(
        order, include_extras=True
    )
    parameters = {**asked, **own}
    with_options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[name]
            )
            for name, one in parameters.items()
        ]
    )
    with_options.__annotations__ = {name: hints[name] for name in parameters}
    return with_options
