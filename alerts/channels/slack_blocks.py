"""A message in Slack's Block Kit, https://api.slack.com/block-kit."""

from typing import Any

from alerts.words.message import Message

_LONGEST = 3000
"""Characters of a text block, of which Slack refuses one more."""


def payload(message: Message) -> dict[str, Any]:
    """Return what is posted: the headline, and beside a bar all the rest."""
    fields = [
        f"*{_escaped(leg.name)}*\n{leg.value}\n_{_escaped(leg.standing)}_"
        for leg in message.legs
    ]
    facts = "\n".join(
        f"*{_escaped(name)}:* {_escaped(value)}" for name, value in message.facts
    )
    blocks: list[dict[str, Any]] = []
    if fields and not message.body:
        blocks.append({"type": "section", "fields": [*map(_mrkdwn, fields)]})
    said = _escaped(message.body) or facts
    blocks.append({"type": "section", "text": _mrkdwn(said)})
    small = [] if message.body else [_escaped(note) for note in message.notes]
    small.append(
        "  ·  ".join(
            [
                _escaped(message.label),
                *(f"<{url}|{_escaped(name)}>" for name, url in message.links),
            ]
        )
    )
    blocks.append({"type": "context", "elements": [_mrkdwn("\n".join(small))]})
    return {
        "text": f"*{_escaped(message.headline)}*",
        "attachments": [{"color": message.colour, "blocks": blocks}],
    }


def _mrkdwn(text: str) -> dict[str, str]:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
