"""`volcross notify`: a test sent the way an alert goes; dead letters sent again."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.events import Alert, AlertState, Delivery
    from streams.settings import Kafka
    from volcross.watching.observer import Observer

    Key = tuple[str, str, AlertState]
    Outcomes = dict[Key, Delivery]

app = typer.Typer(help="Try the channels, and try again.", no_args_is_help=True)

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
    from volcross.running.provisioning import verify

    settings = load(context.obj).reached()
    wanted = _on(settings.channels.names, channel)
    verify(settings.kafka)
    alert = marked(wanted)
    outcomes = asyncio.run(_tested(settings.kafka, alert))
    good = [_told(name, outcomes.get((name, alert.id, alert.state))) for name in wanted]
    if not all(good):
        raise typer.Exit(1)


@app.command()
def resend(
    context: typer.Context,
    channel: Annotated[
        list[str] | None, typer.Argument(help="All that are on, unless given.")
    ] = None,
) -> None:
    """Send dead letters again, each once, after what refused them was mended."""
    from volcross.config import load
    from volcross.running.provisioning import verify

    settings = load(context.obj).reached()
    wanted = _on(settings.channels.names, channel)
    verify(settings.kafka)
    asked, outcomes = asyncio.run(_resent(settings.kafka, wanted))
    if not asked:
        typer.echo("there are no dead letters")
        return
    good = [
        _told(f"{letter.channel} {letter.alert_id} {letter.state}", outcomes.get(key))
        for key, letter in asked.items()
    ]
    if not all(good):
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


def _on(on: list[str], asked: list[str] | None) -> list[str]:
    """Return the channels meant, all of which are on."""
    from volcross.refusal import Refusal

    wanted = asked or on
    if not wanted:
        raise Refusal("no channel is on: there is no [channels] table")
    for name in wanted:
        if name not in on:
            raise Refusal(f"no [channels.{name}]; there is: {', '.join(on) or 'none'}")
    return wanted


def _told(name: str, delivery: "Delivery | None") -> bool:
    """Say what became of a delivery, and return whether it arrived."""
    if delivery is None:
        typer.echo(
            f"✗ {name}: no outcome in {PATIENCE_SECONDS:g} s;"
            " is `volcross alert` running, or still trying?"
        )
        return False
    good = delivery.outcome == "delivered"
    reason = f": {delivery.reason}" if delivery.reason else ""
    typer.echo(f"{'✓' if good else '✗'} {name}: {delivery.outcome}{reason}")
    return good


async def _tested(kafka: "Kafka", alert: "Alert") -> "Outcomes":
    from streams.topics import ALERTS, DELIVERIES
    from volcross.watching.observer import Observer
    from volcross.watching.recall import publish

    keys = {(name, alert.id, alert.state) for name in alert.channels}
    async with Observer(kafka, [DELIVERIES], tail=100) as observer:
        await publish(kafka, ALERTS, alert.rule, [alert])
        return await _outcomes(observer, keys)


async def _resent(kafka: "Kafka", channels: list[str]) -> "tuple[Outcomes, Outcomes]":
    """Ask for every dead letter of some channels; return them, and what came of it."""
    import msgspec

    from alerts.fields import TEST_RULE
    from streams.events import Delivery, Outcome
    from streams.topics import DELIVERIES
    from volcross.watching.observer import Observer
    from volcross.watching.recall import publish

    last: Outcomes = {}
    async with Observer(kafka, [DELIVERIES]) as observer:
        while await observer.behind():
            for _, _, event in await observer.read():
                if isinstance(event, Delivery):
                    last[event.channel, event.alert_id, event.state] = event
        dead = {
            key: letter
            for key, letter in last.items()
            if letter.outcome is Outcome.FAILED
            and letter.channel in channels
            and letter.rule != TEST_RULE
        }
        for letter in dead.values():
            due = msgspec.structs.replace(
                letter, outcome=Outcome.DUE, attempts=0, at=time.time_ns()
            )
            await publish(kafka, DELIVERIES, letter.channel, [due])
        return dead, await _outcomes(observer, set(dead))


async def _outcomes(observer: "Observer", keys: "set[Key]") -> "Outcomes":
    """Wait until it is known how each delivery ended, or for long enough."""
    from streams.events import Delivery, Outcome

    found: Outcomes = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < len(keys) and time.monotonic() < deadline:
        for _, _, event in await observer.read():
            if isinstance(event, Delivery) and event.outcome is not Outcome.DUE:
                key = (event.channel, event.alert_id, event.state)
                if key in keys:
                    found[key] = event
    return found
