"""A message as the HTML part of a mail.

Tables and inline styles, because that is what mail programs understand; the
one image travels in the mail, because they block what comes from elsewhere.
"""

from html import escape

from alerts.words.message import Leg, Message

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_INK, _PALE, _RULE = "#1b1f24", "#5b636d", "#e3e6ea"


def page(message: Message, picture: str | None = None) -> str:
    """Return the HTML of `message`.

    Args:
        message: what is told.
        picture: the Content-ID of the picture that travels with it.
    """
    legs = "".join(map(_leg, message.legs))
    facts = "".join(_fact(name, value) for name, value in message.facts)
    notes = "".join(
        f'<p style="margin:0 0 6px;{_FONT};font-size:13px;line-height:19px;'
        f'color:{_PALE}">{escape(note)}</p>'
        for note in message.notes
    )
    links = " &nbsp;·&nbsp; ".join(
        f'<a href="{escape(url)}" style="color:#1d6fd6">{escape(name)}</a>'
        for name, url in message.links
    )
    footer = (
        f'<p style="margin:10px 0 0;{_FONT};font-size:13px">{links}</p>'
        if links
        else ""
    )
    middle = f"""\
<tr><td style="padding:14px 24px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>{legs}\
</tr></table>
</td></tr>
{_shown(picture, message)}\
<tr><td style="padding:0 24px 8px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">{facts}</table>
</td></tr>
"""
    if message.body:
        middle, notes = _own(message.body) + _shown(picture, message), ""
    return f"""\
<!doctype html>
<html lang="{message.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(message.headline)}</title>
</head>
<body style="margin:0;padding:16px;background:#f4f5f7">
<table role="presentation" align="center" width="100%" cellpadding="0" \
cellspacing="0" style="max-width:600px;background:#ffffff;border:1px solid {_RULE};\
border-top:5px solid {message.colour}">
<tr><td style="padding:22px 24px 4px">
<div style="{_FONT};font-size:12px;letter-spacing:.06em;font-weight:600;\
color:{message.colour}">{escape(message.label)}</div>
<h1 style="margin:6px 0 0;{_FONT};font-size:20px;line-height:27px;font-weight:600;\
color:{_INK}">{escape(message.headline)}</h1>
</td></tr>
{middle}\
<tr><td style="padding:8px 24px 20px">{notes}{footer}</td></tr>
</table>
</body>
</html>
"""


def _shown(picture: str | None, message: Message) -> str:
    if picture is None:
        return ""
    return (
        '<tr><td style="padding:0 24px 10px">'
        f'<img src="cid:{picture}" width="552" alt="{escape(message.headline)}"'
        ' style="display:block;width:100%;max-width:552px;height:auto"></td></tr>\n'
    )


def _own(body: str) -> str:
    return (
        f'<tr><td style="padding:14px 24px;{_FONT};font-size:14px;line-height:21px;'
        f'color:{_INK};white-space:pre-wrap">{escape(body)}</td></tr>\n'
    )


def _leg(leg: Leg) -> str:
    return (
        '<td width="50%" valign="top" style="padding:0 12px 0 0">'
        f'<div style="{_FONT};font-size:13px;color:{_PALE}">{escape(leg.name)}</div>'
        f'<div style="{_FONT};font-size:30px;line-height:38px;font-weight:600;'
        f'color:{_INK}">{escape(leg.value)}</div>'
        f'<div style="{_FONT};font-size:12px;line-height:17px;color:{_PALE}">'
        f"{escape(leg.standing)}</div></td>"
    )


def _fact(name: str, value: str) -> str:
    cell = f"border-top:1px solid {_RULE};padding:8px 0;{_FONT};font-size:14px"
    return (
        f'<tr><td valign="top" style="{cell};color:{_PALE};width:120px">'
        f"{escape(name)}</td>"
        f'<td valign="top" style="{cell};color:{_INK}">{escape(value)}</td></tr>'
    )
