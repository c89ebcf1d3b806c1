"""`volcross rules`: what the configured rules wait for, and how far off it is."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alerts.judging.rule import Rule
    from alerts.settings import AlertSettings
    from streams.events import SpreadReadings
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
    name: Annotated[str, typer.Argument(metavar="RULE", help="A name under rules.")],
) -> None:
    """Say in words what a rule does, and how it stands now."""
    import numpy as np

    from alerts.judging.standing import Standing, standings
    from alerts.telling.wording import both_times, percent, points
    from volcross.config import load
    from volcross.refusal import Refusal

    settings = load(context.obj).reached()
    rule = next((rule for rule in settings.rules if rule.name == name), None)
    if rule is None:
        known = ", ".join(rule.name for rule in settings.rules) or "none"
        raise Refusal(f"no rule {name!r} in the configuration; it has: {known}")
    for line in words(rule, settings):
        typer.echo(line)
    last = asyncio.run(_last(settings.kafka, rule))
    if last is None:
        typer.echo("  now: no spread has been worked out yet")
        return
    left, right, spread = last.left_value[-1], last.right_value[-1], last.spread[-1]
    watched = {"spread": spread, "ratio": left / right, "left": left, "right": right}
    standing = Standing(int(standings(rule, np.array([watched[rule.watch]]))[0]))
    typer.echo(
        f"  now: {percent(left)} against {percent(right)} ({points(spread)}),"
        f" as of {both_times(last.at[-1])}: {standing.name.lower()}"
    )


def words(rule: "Rule", settings: "AlertSettings") -> list[str]:
    """Return what a rule does, a line each."""
    from alerts.judging.standing import condition
    from alerts.telling.wording import length

    channels = settings.channels.names if rule.channels is None else rule.channels
    silent = length(rule.stale_after)
    lines = [
        f"{rule.name}: {rule.comparison} of {rule.pair}, {rule.severity}",
        f"  fires when: {condition(rule)}",
        f"  resolves when: {condition(rule, resolved=True)}",
        f"  unknown when: a leg is silent for {silent} of market time",
        f"  told to: {', '.join(channels) or 'nobody, no channel is on'}",
    ]
    if rule.cooldown:
        lines.insert(3, f"  then rests for: {length(rule.cooldown)}")
    return lines


async def _last(kafka: "Kafka", rule: "Rule") -> "SpreadReadings | None":
    from streams.events import SpreadReadings
    from streams.topics import SPREADS
    from volcross.watching.observer import Observer

    last = None
    async with Observer(kafka, [SPREADS], tail=200) as observer:
        while await observer.behind():
            for _, _, event in await observer.read():
                if (
                    isinstance(event, SpreadReadings)
                    and (event.pair, event.comparison) == (rule.pair, rule.comparison)
                    and event.at
                ):
                    last = event
    return last
