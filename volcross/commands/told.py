"""`volcross alerts`: what was announced, and what became of it."""

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.events import Alert, Delivery

    History = list[tuple[Alert, list[Delivery]]]

app = typer.Typer(help="What was announced, and to whom.", no_args_is_help=True)


@app.command("list")
def firing(context: typer.Context) -> None:
    """List the rules that are firing, or of which nothing can be said."""
    from streams.events import AlertState

    latest = {alert.rule: alert for alert, _ in _history(context)}
    over = {AlertState.RESOLVED, AlertState.KNOWN}
    standing = [
        alert
        for alert in latest.values()
        # Known again within an incident: the incident stands.
        if alert.state not in over
        or (alert.state is AlertState.KNOWN and alert.began is not None)
    ]
    for alert in standing:
        typer.echo(_line(alert))
    if not standing:
        typer.echo("nothing is firing")


@app.command()
def history(
    context: typer.Context,
    last: Annotated[
        int, typer.Option("--last", min=1, metavar="COUNT", help="How many.")
    ] = 20,
) -> None:
    """List what was announced, oldest first, and what became of it."""
    for alert, deliveries in _history(context)[-last:]:
        outcomes = ", ".join(f"{d.channel} {d.outcome}" for d in deliveries)
        if not outcomes:
            outcomes = "not delivered yet" if alert.channels else "to no channel"
        typer.echo(f"{_line(alert)}  [{outcomes}]")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="An alert's id, or its beginning.")
    ],
) -> None:
    """Show all that was said of one incident, and what became of it."""
    from alerts.words.message import compose
    from alerts.words.wording import both_times
    from volcross.config import load
    from volcross.refusal import Refusal

    links = load(context.obj).links
    found = [told for told in _history(context) if told[0].id.startswith(name)]
    if not found:
        raise Refusal(f"no alert {name!r} was announced")
    for alert, deliveries in found:
        typer.echo(compose(alert, links).text)
        for delivery in deliveries:
            typer.echo(
                f"  {delivery.channel}: {delivery.outcome} after {delivery.attempts}"
                f" attempt{'' if delivery.attempts == 1 else 's'},"
                f" {both_times(delivery.at)}"
                + (f": {delivery.reason}" if delivery.reason else "")
            )
        typer.echo("")


def _history(context: typer.Context) -> "History":
    """Return every transition once, in event time, with its deliveries."""
    from streams.events import Alert, Delivery
    from streams.topics import ALERTS, DELIVERIES
    from volcross.config import load
    from volcross.running.provisioning import verify
    from volcross.watching.recall import recall

    kafka = load(context.obj).reached().kafka
    verify(kafka)
    alerts: dict[tuple[str, str], Alert] = {}
    deliveries: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for event in asyncio.run(recall(kafka, ALERTS, DELIVERIES)):
        if isinstance(event, Alert):
            alerts.setdefault((event.id, event.state), event)
        elif isinstance(event, Delivery):
            deliveries[event.alert_id, event.state].append(event)
    in_order = sorted(alerts.items(), key=lambda told: told[1].event_time)
    return [(alert, deliveries[key]) for key, alert in in_order]


def _line(alert: "Alert") -> str:
    from alerts.words.message import compose
    from alerts.words.settings import Links
    from alerts.words.wording import moment

    at = f"{moment(alert.event_time):%Y-%m-%d %H:%M:%SZ}"
    headline = compose(alert, Links()).headline
    return f"{at}  {alert.id}  {alert.rule}  {alert.state:<8}  {headline}"
