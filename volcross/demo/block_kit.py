"""What Slack takes and what it refuses, as far as our messages go.

Source: https://api.slack.com/reference/block-kit/blocks and
https://api.slack.com/messaging/webhooks#handling_errors
"""

_MOST_BLOCKS = 50
_MOST = {"section": 10, "context": 10, "actions": 25}
_LONGEST = {"header": 150, "section": 3000, "fields": 2000, "context": 3000}


def refusal(payload: object) -> str | None:
    """Return what Slack would answer to a message it refuses; None: it takes it.

    >>> refusal({"text": "hello"})
    >>> refusal({"blocks": [{"type": "section"}]})
    'invalid_blocks'
    >>> refusal([])
    'invalid_payload'
    """
    if not isinstance(payload, dict):
        return "invalid_payload"
    attachments = payload.get("attachments", [])
    if not _all_tables(attachments):
        return "invalid_attachments"
    stacks = [payload, *attachments]
    if not any(stack.get("text") or stack.get("blocks") for stack in stacks):
        return "no_text"
    return None if all(map(_blocks_are_sound, stacks)) else "invalid_blocks"


def _all_tables(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(v, dict) for v in values)


def _blocks_are_sound(stack: dict[str, object]) -> bool:
    blocks = stack.get("blocks", [])
    return (
        isinstance(blocks, list)
        and len(blocks) <= _MOST_BLOCKS
        and all(map(_is_sound, blocks))
    )


def _is_sound(block: object) -> bool:  # noqa: PLR0911 - one return a kind
    match block:
        case {"type": "divider"}:
            return True
        case {"type": "header", "text": {"type": "plain_text"} as text}:
            return _text_is_sound(text, _LONGEST["header"])
        case {"type": "section", "text": text, "fields": [_, *_] as fields}:
            return _text_is_sound(text, _LONGEST["section"]) and _are_fields(fields)
        case {"type": "section", "text": text}:
            return _text_is_sound(text, _LONGEST["section"])
        case {"type": "section", "fields": [_, *_] as fields}:
            return _are_fields(fields)
        case {"type": "context", "elements": [_, *_] as elements}:
            return len(elements) <= _MOST["context"] and all(
                _text_is_sound(text, _LONGEST["context"]) for text in elements
            )
        case {"type": "actions", "elements": [_, *_] as elements}:
            return len(elements) <= _MOST["actions"] and all(map(_is_button, elements))
        case _:
            return False


def _are_fields(fields: list[object]) -> bool:
    return len(fields) <= _MOST["section"] and all(
        _text_is_sound(text, _LONGEST["fields"]) for text in fields
    )


def _text_is_sound(text: object, longest: int) -> bool:
    match text:
        case {"type": "plain_text" | "mrkdwn", "text": str(words)}:
            return 0 < len(words) <= longest
        case _:
            return False


def _is_button(element: object) -> bool:
    match element:
        case {"type": "button", "text": {"type": "plain_text"} as text}:
            return _text_is_sound(text, 75)
        case _:
            return False
