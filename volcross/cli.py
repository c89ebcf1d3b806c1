"""The `volcross` command: what a person types, and nothing else.

Imports of rooms are inside the commands: ``--help`` answers at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from volcross.commands import history, notify, rules, silence, told
from volcross.commands.iv import iv
from volcross.commands.rv import rv
from volcross.refusal import Refusal

if TYPE_CHECKING:
    from volcross.config import Settings

app = typer.Typer(
    name="volcross",
    help="Is Nvidia now more volatile than Bitcoin? An always-on monitor of"
    " volatility across asset classes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
topics = typer.Typer(help="The Kafka topics volcross needs.", no_args_is_help=True)
app.add_typer(topics, name="topics")

InstanceOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A lasting name of this worker, unique among its kind: with it a"
        " worker that was killed is back at once, not after a session timeout.",
    ),
]

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Configuration; volcross.toml where there is one, else built-in.",
    ),
]


def main() -> None:
    """Run the command; an expected error is a line on stderr and an exit code."""
    try:
        app()
    except Refusal as refusal:
        for line in refusal.lines:
            print(f"volcross: {line}", file=sys.stderr)  # noqa: T201 - the interface
        sys.exit(refusal.exit_code)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        if error.filename is None:
            raise
        print(f"volcross: {error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201 - the interface
        sys.exit(1)


def _version(asked: bool) -> None:
    if asked:
        from volcross import __version__

        typer.echo(f"volcross {__version__}")
        raise typer.Exit


@app.callback()
def volcross(
    context: typer.Context,
    config: ConfigOption = None,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Say which it is."
        ),
    ] = False,
) -> None:
    """Carry the options that every command shares."""
    context.obj = config


def _settings(context: typer.Context) -> "Settings":
    from volcross.config import load

    return load(context.obj)


@app.command()
def up(context: typer.Context) -> None:
    """Run everything on this machine, until Ctrl-C: broker, feeds, streams, alerts."""
    from volcross.logs import configure
    from volcross.running.signals import run
    from volcross.running.up import up

    settings = _settings(context)
    configure("up")
    run(up(settings, context.obj), grace=9.8)


@app.command()
def produce(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A name under \\[sources].")],
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep a venue's messages, as they come."),
    ] = None,
    playback: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play such a file, not the venue."),
    ] = None,
) -> None:
    """Run one feed: from its source into Kafka."""
    from volcross.roles import produce
    from volcross.running.signals import run

    run(produce(_settings(context), source, record=record, playback=playback))


@app.command()
def sources() -> None:
    """List where the market can be heard from: what each gives, wants and allows."""
    from volcross.commands.catalogue import show

    show()


@app.command()
def stream(context: typer.Context, instance: InstanceOption = None) -> None:
    """Run the streams: ticks in, volatilities and spreads out."""
    from volcross.roles import stream
    from volcross.running.signals import run

    run(stream(_settings(context), instance))


@app.command()
def alert(context: typer.Context, instance: InstanceOption = None) -> None:
    """Run the alerts: judge the spreads, tell the channels."""
    from volcross.roles import alert
    from volcross.running.signals import run

    run(alert(_settings(context), instance, context.obj))


@app.command()
def page(context: typer.Context) -> None:
    """Serve the live page and its API."""
    from volcross.roles import page
    from volcross.running.signals import run

    run(page(_settings(context)))


@topics.command("create")
def create(context: typer.Context) -> None:
    """Create the topics that are missing; refuse those that do not fit."""
    from volcross.running.provisioning import provision

    kafka = _settings(context).reached().kafka
    made = provision(kafka)
    for name in made:
        typer.echo(f"created {name}")
    if not made:
        typer.echo(f"all topics exist on {kafka.bootstrap_servers}")


@app.command()
def check(
    context: typer.Context,
    feeds: Annotated[bool, typer.Option("--feeds", help="And every feed.")] = False,
) -> None:
    """Check the configuration, and reach the broker and every channel."""
    from volcross.commands.check import check

    if not check(_settings(context), feeds=feeds):
        raise typer.Exit(1)


@app.command()
def status(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Until Ctrl-C.")] = False,
) -> None:
    """Show what the running service says: spreads, readings, alerts, deliveries."""
    from volcross.commands.status import status

    status(_settings(context), json=json, watch=watch)


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with the real hourly BTC series."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=5, max=3600, help="How long the story takes.")
    ] = 45.0,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the messages received go.")
    ] = Path("demo-out"),
    json: Annotated[bool, typer.Option("--json", help="Only the result.")] = False,
    picture: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Replay the founding story: Nvidia against Bitcoin, summer of 2024."""
    from volcross.demo.story import Options, demo

    demo(Options(data=data, seconds=seconds, out=out, as_json=json, picture=picture))


app.add_typer(history.app, name="history")
app.add_typer(silence.app, name="silence")
app.add_typer(told.app, name="alerts")
app.add_typer(rules.app, name="rules")
app.add_typer(notify.app, name="notify")
app.command()(iv)
app.command()(rv)
