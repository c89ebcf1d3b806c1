"""`volcross silence`: who does not want to be told, of what, and for how long."""

import asyncio
import getpass
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.events import Silence

app = typer.Typer(help="Keep rules quiet for a while.", no_args_is_help=True)


@app.command()
def add(
    context: typer.Context,
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="A rule, or a pattern: 'nvda-*'.")
    ],
    length: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Such as 30m, 2h, 1d.")
    ],
    comment: Annotated[str, typer.Option(help="Why, for the others.")],
    author: Annotated[str | None, typer.Option(help="Who; you, unless given.")] = None,
) -> None:
    """Ask for silence; it holds at once, on every channel."""
    from streams.events import Silence
    from streams.lengths import seconds
    from volcross.refusal import Refusal

    try:
        nanoseconds = round(seconds(length) * 1e9)
    except ValueError as error:
        raise Refusal(f"--for: {error}") from error
    now = time.time_ns()
    silence = Silence(
        id=secrets.token_hex(4),
        rule=rule,
        author=author or getpass.getuser(),
        comment=comment,
        start=now,
        end=now + nanoseconds,
    )
    _publish(context, silence)
    typer.echo(_line(silence, now))


@app.command("list")
def show(context: typer.Context) -> None:
    """List the silences that hold."""
    from alerts.telling.silences import in_force

    now = time.time_ns()
    holding = in_force(_known(context), now)
    for silence in holding:
        typer.echo(_line(silence, now))
    if not holding:
        typer.echo("no silence holds")


@app.command()
def expire(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="From `silence list`.")],
) -> None:
    """End a silence now."""
    import msgspec

    from alerts.telling.silences import in_force
    from volcross.refusal import Refusal

    now = time.time_ns()
    for silence in in_force(_known(context), now):
        if silence.id == name:
            _publish(context, msgspec.structs.replace(silence, end=now))
            typer.echo(f"{name} has ended")
            return
    raise Refusal(f"no silence {name!r} holds")


def _known(context: typer.Context) -> "Iterable[Silence]":
    from streams.events import Silence
    from streams.topics import SILENCES
    from volcross.config import load
    from volcross.running.provisioning import verify
    from volcross.watching.recall import recall

    kafka = load(context.obj).reached().kafka
    verify(kafka)
    events = asyncio.run(recall(kafka, SILENCES))
    return [event for event in events if isinstance(event, Silence)]


def _publish(context: typer.Context, silence: "Silence") -> None:
    from streams.topics import SILENCES
    from volcross.config import load
    from volcross.running.provisioning import verify
    from volcross.watching.recall import publish

    kafka = load(context.obj).reached().kafka
    verify(kafka)
    asyncio.run(publish(kafka, SILENCES, silence.id, [silence]))


def _line(silence: "Silence", now: int) -> str:
    from datetime import timedelta

    from alerts.words.wording import both_times, length

    left = length(timedelta(microseconds=(silence.end - now) // 1000))
    return (
        f"{silence.id}  {silence.rule}  for {left}, until {both_times(silence.end)}"
        f"  {silence.author}: {silence.comment}"
    )
