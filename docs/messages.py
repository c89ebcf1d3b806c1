"""Draw what the channels send, as its readers see it.

Usage: ``python docs/messages.py DEMO_OUT TARGET`` turns the Slack messages and
mails that ``volcross demo`` received into pictures, with a headless Chromium.
Slack's rendering is ours, of the few blocks we use; the mail's is the browser's.
"""

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from email import message_from_bytes
from email.policy import default as modern
from html import escape
from pathlib import Path
from typing import Any

_STYLE = """
body{margin:0;padding:18px 20px;background:#fff;color:#1d1c1d;
 font:15px/22px Lato,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}
.message{display:flex;gap:10px;margin-bottom:18px}
.face{flex:none;width:36px;height:36px;border-radius:8px;background:#1b1f24;color:#fff;
 font-weight:700;text-align:center;line-height:36px}
.name{font-weight:900}
.app{font-size:10px;background:#e8e8e8;color:#616061;padding:1px 3px;
 border-radius:2px;vertical-align:2px;margin:0 6px}.time{font-size:12px;color:#616061}
.attachment{display:flex;gap:12px;margin-top:6px;max-width:600px}
.bar{flex:none;width:4px;border-radius:4px}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px}
.block{margin-bottom:8px}.context{font-size:12px;line-height:18px;color:#616061}
a{color:#1264a3;text-decoration:none}
"""


def mrkdwn(text: str) -> str:
    """Return Slack's markup as HTML, as far as we use it."""
    text = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r'<a href="\1">\2</a>', text)
    text = re.sub(r"(?<!\w)\*([^*\n]+)\*", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\w)_([^_\n]+)_(?!\w)", r"<i>\1</i>", text)
    return text.replace("\n", "<br>")


def block(block: dict[str, Any]) -> str:
    """Return one block as HTML.

    Raises:
        ValueError: a block we do not send.
    """
    if block["type"] == "context":
        inner = "".join(mrkdwn(element["text"]) for element in block["elements"])
        return f'<div class="block context">{inner}</div>'
    if block["type"] == "section" and "fields" in block:
        inner = "".join(f"<div>{mrkdwn(f['text'])}</div>" for f in block["fields"])
        return f'<div class="block fields">{inner}</div>'
    if block["type"] == "section":
        return f'<div class="block">{mrkdwn(block["text"]["text"])}</div>'
    raise ValueError(block["type"])


def slack(messages: list[dict[str, Any]]) -> str:
    """Return a channel with these messages as a page."""
    shown = []
    for message in messages:
        (attachment,) = message["attachments"]
        blocks = "".join(map(block, attachment["blocks"]))
        shown.append(
            '<div class="message"><div class="face">σ</div><div>'
            '<span class="name">volcross</span><span class="app">APP</span>'
            f"<div>{mrkdwn(message['text'])}</div>"
            f'<div class="attachment"><div class="bar" '
            f'style="background:{escape(attachment["color"])}"></div>'
            f"<div>{blocks}</div></div></div></div>"
        )
    return f"<meta charset=utf-8><style>{_STYLE}</style>{''.join(shown)}"


def shoot(page: str, target: Path, size: str) -> None:
    """Draw a page into a PNG, `size` as ``width,height``."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no chromium here")
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / "page.html"
        html.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                *(chromium, "--headless", "--no-sandbox", "--hide-scrollbars"),
                *("--force-device-scale-factor=2", f"--window-size={size}"),
                *(f"--screenshot={target.resolve()}", html.as_uri()),
            ],
            check=True,
            capture_output=True,
        )


def main(received: Path, target: Path) -> None:
    """Draw all that was received."""
    messages = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((received / "slack").glob("*.json"))
    ]
    shoot(slack(messages[:2]), target / "slack.png", "660,560")
    for path in sorted((received / "mail").glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=modern)
        html = mail.get_body(("html",))
        if html is None:
            sys.exit(f"{path} has no HTML")
        page = html.get_content()
        for part in mail.walk():
            if part.get_content_type() == "image/png":
                name = part["Content-ID"].strip("<>")
                data = base64.b64encode(part.get_content()).decode()
                page = page.replace(f"cid:{name}", f"data:image/png;base64,{data}")
        shoot(page, target / f"mail-{path.stem}.png", "640,706")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
