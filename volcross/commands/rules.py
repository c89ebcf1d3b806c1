"""`volcross rules`: what the configured rules wait for, and how far off it is."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alerts.judging.rule import Rule
    from alerts.judging.timeline import Rows
    from alerts.settings import AlertSettings
    from streams.settings import Kafka

app = typer.Typer(help="The rules, in words.", no_args_is_help=True)


@app.command()
def check(context: typer.Context) -> None:
    """Read the configuration and say in words what each rule does."""
    from volcross.config import load

    settings = load(context.obj)
    for rule in settings.rules:
        for line in words(rule, settings):
            typer.echo(line)


@app.command()
def explain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RULE", help="One of the file's.")],
) -> None:
    """Say in words what a rule does, and how it stands now."""
    from volcross.config import load
    from volcross.refusal import Refusal
    from volcross.running.provisioning import verify

    settings = load(context.obj).reached()
    rule = next((rule for rule in settings.rules if rule.name == name), None)
    if rule is None:
        known = ", ".join(rule.name for rule in settings.rules) or "none"
        raise Refusal(f"no rule {name!r} in the configuration; it has: {known}")
    for line in words(rule, settings):
        typer.echo(line)
    verify(settings.kafka)
    typer.echo(f"  now: {standing(rule, asyncio.run(_last(settings.kafka, rule)))}")


@app.command("ready-made")
def ready_made() -> None:
    """Print rules to begin with, as they would stand in volcross.toml."""
    from alerts.judging.ready_made import RULES

    typer.echo(RULES, nl=False)


def words(rule: "Rule", settings: "AlertSettings") -> list[str]:
    """Return what a rule does, a line each."""
    from alerts.judging.wording import condition
    from alerts.words.wording import length

    channels = settings.channels.names if rule.channels is None else rule.channels
    fits = (r for r in settings.routes if r.fits(rule.name, rule.severity))
    quiet = []
    if (route := next(fits, None)) is not None:
        channels = route.narrowed(channels)
        if route.quiet is not None and rule.severity not in route.loud:
            quiet = [f"  quiet: {route.quiet} {route.zone}, told when that is over"]
    lines = [
        f"{rule.name}: {rule.comparison} of {rule.pair}, {rule.severity}",
        f"  fires when: {condition(rule)}",
        f"  resolves when: {condition(rule, resolved=True)}",
    ]
    if rule.cooldown:
        lines.append(f"  then rests for: {length(rule.cooldown)}")
    if rule.repeat_every is not None:
        lines.append(f"  told again: every {length(rule.repeat_every)} while it fires")
    if rule.only_when is not None:
        lines.append(f"  asleep: while {rule.left_symbol}'s market is shut")
    silent = length(rule.stale_after)
    return [
        *lines,
        f"  unknown when: a leg is silent for {silent} of market time",
        f"  told to: {', '.join(channels) or 'nobody, no channel is on'}",
        *quiet,
    ]


def standing(rule: "Rule", last: "Rows | None") -> str:
    """Return how a rule stands by the last rows there are, in words."""
    import numpy as np

    from alerts.judging.standing import standings
    from alerts.judging.timeline import Timeline
    from alerts.judging.wording import amount
    from alerts.words.wording import both_times, percent, points

    if last is None:
        return "no spread has been worked out yet"
    timeline = Timeline.of(last, None, last.start)
    watched = timeline.watched(rule.watch)[-1:]
    row = timeline.at(last.end)
    legs = (
        f"{percent(row.left_value)} against {percent(row.right_value)}"
        f" ({points(row.spread)}), as of {both_times(last.at[-1])}"
    )
    value = float(watched[-1])
    if np.isnan(value):
        return f"{legs}: no {rule.watch} yet, its history is too short"
    stands = standings(rule, watched)
    if rule.when == "crosses":
        side = "above" if value > rule.margin else "below"
        where = f"{side} {amount(rule, rule.margin)}"
    else:
        where = (
            "breach" if stands.beyond[0] else "clear" if stands.back[0] else "between"
        )
    if rule.watch not in ("spread", "left", "right"):
        legs = f"{amount(rule, round(value, 4))}, from {legs}"
    return f"{legs}: {where}"


async def _last(kafka: "Kafka", rule: "Rule") -> "Rows | None":
    """Return the last record with a row of what the rule reads.

    Most records say that nothing has changed, some comparisons for hours: what the
    end of the topic does not hold is looked for further back.
    """
    for tail in (500, 20_000, None):
        if (last := await _last_within(kafka, rule, tail)) is not None:
            return last
    return None


async def _last_within(kafka: "Kafka", rule: "Rule", tail: int | None) -> "Rows | None":
    from alerts.judging.rule import HISTORY
    from streams.events import ContextReadings, SpreadReadings
    from streams.topics import CONTEXT, SPREADS
    from volcross.watching.observer import Observer

    topic = CONTEXT if rule.watch in HISTORY else SPREADS
    last = None
    async with Observer(kafka, [topic], tail) as observer:
        while await observer.behind():
            for _, _, event in await observer.read():
                if (
                    isinstance(event, SpreadReadings | ContextReadings)
                    and (event.pair, event.comparison) == (rule.pair, rule.comparison)
                    and event.left_at
                ):
                    last = event
    return last
