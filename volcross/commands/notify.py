"""`volcross notify`: a test alert, sent the way a real one goes."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.events import Alert, Delivery
    from streams.settings import Kafka

app = typer.Typer(help="Try the channels.", no_args_is_help=True)

PATIENCE_SECONDS = 30.0


@app.command("test")
def send_test(
    context: typer.Context,
    channel: Annotated[
        list[str] | None, typer.Argument(help="All that are on, unless given.")
    ] = None,
) -> None:
    """Announce a test; the running alerts deliver it, and say how it went."""
    from volcross.config import load
    from volcross.refusal import Refusal

    settings = load(context.obj).reached()
    on = settings.channels.names
    wanted = channel or on
    if not wanted:
        raise Refusal("no channel is on: there is no [channels] table")
    for name in wanted:
        if name not in on:
            raise Refusal(f"no [channels.{name}]; there is: {', '.join(on) or 'none'}")
    alert = marked(wanted)
    outcomes = asyncio.run(_deliveries(settings.kafka, alert))
    good = True
    for name in wanted:
        delivery = outcomes.get(name)
        if delivery is None:
            good = False
            typer.echo(
                f"✗ {name}: no outcome in {PATIENCE_SECONDS:g} s;"
                " is `volcross alert` running, or still trying?"
            )
            continue
        good &= delivery.outcome == "delivered"
        mark = "✓" if delivery.outcome == "delivered" else "✗"
        reason = f": {delivery.reason}" if delivery.reason else ""
        typer.echo(f"{mark} {name}: {delivery.outcome}{reason}")
    if not good:
        raise typer.Exit(1)


def marked(channels: list[str]) -> "Alert":
    """Return an alert that nobody can take for a real one."""
    from alerts.fields import TEST_RULE
    from alerts.judging.incidents import incident_id
    from streams.events import Alert, AlertState, LegName, LegValue, Origin

    now = time.time_ns()

    def leg(symbol: str, value: float) -> LegValue:
        name = LegName(
            symbol=symbol,
            measure="test",
            window="0d",
            origin=Origin.SYNTHETIC,
            source="test",
        )
        return LegValue(name=name, value=value, at=now, market_open=True)

    return Alert(
        id=incident_id(TEST_RULE, now),
        rule=TEST_RULE,
        severity="info",
        pair="LEFT/RIGHT",
        comparison="test",
        state=AlertState.FIRING,
        event_time=now,
        since=now,
        left=leg("LEFT", 0.6),
        right=leg("RIGHT", 0.5),
        spread=0.1,
        reason="asked for by `volcross notify test`",
        channels=channels,
    )


async def _deliveries(kafka: "Kafka", alert: "Alert") -> "dict[str, Delivery]":
    from streams.events import Delivery
    from streams.topics import ALERTS, DELIVERIES
    from volcross.watching.observer import Observer
    from volcross.watching.recall import publish

    found: dict[str, Delivery] = {}
    async with Observer(kafka, [DELIVERIES], tail=100) as observer:
        await publish(kafka, ALERTS, alert.rule, [alert])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found) < len(alert.channels) and time.monotonic() < deadline:
            for _, _, event in await observer.read():
                if isinstance(event, Delivery) and event.alert_id == alert.id:
                    found[event.channel] = event
    return found
