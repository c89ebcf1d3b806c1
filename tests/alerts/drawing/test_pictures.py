"""The picture of an alert: what it shows, and that no message waits for it."""

import asyncio
import threading
from io import BytesIO

import msgspec
import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray
from structlog.testing import capture_logs

from alerts.drawing import chart, past, pictures
from alerts.drawing.chart import draw
from alerts.drawing.past import LEAD_NS, Lines, Past, lines, stretch
from alerts.drawing.pictures import Pictures
from alerts.words.chinese import CHINESE
from alerts.words.english import ENGLISH
from alerts.words.language import Language
from streams import wire
from streams.events import Alert, AlertState, ContextReadings
from streams.settings import Kafka
from streams.topics import CONTEXT
from tests.alerts.posting import posting
from tests.alerts.samples import FIRING, MINUTE, RESOLVED
from volcross.running.provisioning import provision

Image = NDArray[np.int64]

GREEN, ORANGE, RED = (118, 185, 0), (247, 147, 26), (200, 16, 46)


def crossing(alert: Alert, rows: int = 200) -> Lines:
    at = alert.event_time - np.arange(rows)[::-1] * MINUTE
    return Lines(at, np.linspace(0.5, 0.62, rows), np.linspace(0.62, 0.5, rows))


def pixels(png: bytes) -> Image:
    assert png.startswith(b"\x89PNG")
    shades = imread(BytesIO(png), format="png")[..., :3] * 255
    image: Image = shades.round().astype(np.int64)
    return image


def columns(image: Image, colour: tuple[int, int, int]) -> list[int]:
    """Return the columns that hold much of a colour."""
    near = (abs(image - np.array(colour)) < 12).all(axis=2).sum(axis=0)
    return [int(column) for column in np.flatnonzero(near > 100)]


def context(number: int, comparison: str = "implied") -> ContextReadings:
    at = [FIRING.event_time - (number - i) * MINUTE for i in range(5)]
    return ContextReadings(
        pair="NVDA/BTC",
        comparison=comparison,
        left=FIRING.left.name,
        right=FIRING.right.name,
        start=at[0],
        end=at[-1] + MINUTE,
        at=at,
        z_score=[None] * 5,
        left_rank=[None] * 5,
        left_percentile=[None] * 5,
        right_rank=[None] * 5,
        right_percentile=[None] * 5,
        announcements=[],
        left_value=[0.5 + number / 1000] * 5,
        right_value=[0.6] * 5,
        spread=[-0.1 + number / 1000] * 5,
        left_at=at,
        right_at=at,
    )


def test_it_shows_both_lines_and_marks_the_crossing() -> None:
    image = pixels(draw(FIRING, crossing(FIRING)))
    for colour in (GREEN, ORANGE):
        drawn = (abs(image - np.array(colour)) < 12).all(axis=2).any(axis=0).mean()
        assert drawn > 0.8
    # A quarter of an hour before the right edge, of 200 minutes.
    width = image.shape[1]
    (*_, mark) = columns(image, RED)
    assert 0.86 * width < mark < 0.95 * width


def test_where_no_font_can_write_it_it_is_drawn_in_english_and_never_in_boxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chart, "_CHINESE", ())
    seen = crossing(FIRING)
    assert draw(FIRING, seen, CHINESE) == draw(FIRING, seen)
    assert chart.families_for("NVDA 隐含波动率") is None


def test_every_letter_is_asked_for_in_some_font() -> None:
    assert chart.families_for("NVDA 25Δ skew") == ["DejaVu Sans"]
    assert chart.families_for("NVDA \U0010ffff") is None
    found = chart.families_for("隐含波动率")
    assert found is None or found[0] == "DejaVu Sans" != found[1]


def test_one_alert_is_one_picture_byte_for_byte() -> None:
    assert draw(FIRING, crossing(FIRING)) == draw(FIRING, crossing(FIRING))


def test_a_resolved_one_marks_the_beginning_and_the_end() -> None:
    image = pixels(draw(RESOLVED, crossing(RESOLVED)))
    green = columns(image, (42, 140, 90))
    assert columns(image, RED)[-1] < green[0]


def test_it_reaches_a_day_back_and_ends_with_the_alert() -> None:
    start, end = stretch(RESOLVED)
    assert RESOLVED.began is not None
    assert (start, end) == (RESOLVED.began - LEAD_NS, RESOLVED.event_time)
    told = lines(FIRING, [context(30), context(20), context(30), context(10)])
    assert (np.diff(told.at) > 0).all()
    assert len(told.at) == 17
    assert (told.at[-1], told.left[-1]) == (FIRING.event_time, FIRING.left.value)
    assert told.left[0] == 0.53
    assert len(lines(FIRING, [context(60 * 24 * 3)]).at) == 2


def test_what_is_not_known_yet_is_a_gap_and_no_line_that_stands_still() -> None:
    behind = lines(FIRING, [context(30), context(20)])
    (gap,) = np.flatnonzero(np.isnan(behind.left))
    assert behind.at[gap] == context(20).end
    assert gap == len(behind.at) - 2
    up_to_date = lines(FIRING, [context(30), context(5)])
    assert not np.isnan(up_to_date.left).any()
    draw(FIRING, behind)


def test_old_records_without_values_show_nothing_rather_than_fail() -> None:
    old = msgspec.structs.replace(context(30), left_value=[], right_value=[])
    assert np.isfinite(lines(FIRING, [old]).left).sum() == 1


@pytest.fixture
def kafka(kafka_settings: Kafka, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    monkeypatch.setattr(past, "CATCH_UP_SECONDS", 0.5)
    provision(kafka_settings)
    return kafka_settings


async def publish(kafka: Kafka, *records: ContextReadings) -> None:
    async with posting(kafka) as post:
        for record in records:
            await post.producer.send_and_wait(
                kafka.topic_prefix + CONTEXT.name,
                key=record.pair.encode(),
                value=wire.encode(record),
            )


@pytest.mark.kafka
async def test_it_is_drawn_once_from_what_the_broker_kept(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Lines] = []

    def count(alert: Alert, seen: Lines, language: Language) -> bytes:
        drawn.append(seen)
        return draw(alert, seen, language)

    monkeypatch.setattr(pictures, "draw", count)
    records = [context(n, c) for n in (30, 20, 5) for c in ("implied", "ewma/30d")]
    await publish(kafka, *records)
    async with Pictures(kafka) as shown:
        one, other = await asyncio.gather(shown.of(FIRING)(), shown.of(FIRING)())
        again = await shown.of(FIRING)()
    assert one is not None
    assert one == other == again
    (seen,) = drawn
    assert seen.left.tolist() == [0.53] * 5 + [0.52] * 5 + [0.505] * 5 + [0.5985]


@pytest.mark.kafka
async def test_one_hand_draws_them_all(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = set()

    def look(*_: object) -> bytes:
        hands.add(threading.get_ident())
        return b""

    monkeypatch.setattr(pictures, "draw", look)
    await publish(kafka, context(5))
    async with Pictures(kafka) as shown:
        for number in range(4):
            alert = msgspec.structs.replace(FIRING, id=f"{number}")
            assert await shown.of(alert)() == b""
    assert len(hands) == 1


@pytest.mark.kafka
async def test_each_language_has_a_picture_of_its_own(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name(_: Alert, __: Lines, language: Language) -> bytes:
        return language.code.encode()

    monkeypatch.setattr(pictures, "draw", name)
    await publish(kafka, context(5))
    async with Pictures(kafka) as shown:
        for language in (ENGLISH, CHINESE, ENGLISH):
            picture = shown.of(FIRING, language)
            assert await picture() == language.code.encode()


@pytest.mark.kafka
async def test_it_waits_for_what_is_still_being_placed(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "CATCH_UP_SECONDS", 30.0)
    monkeypatch.setattr(pictures, "PATIENCE_SECONDS", 60.0)
    drawn: list[Lines] = []

    def keep(_: Alert, seen: Lines, __: Language) -> bytes:
        drawn.append(seen)
        return b""

    monkeypatch.setattr(pictures, "draw", keep)
    await publish(kafka, context(30))
    async with Pictures(kafka) as shown:
        picture = asyncio.ensure_future(shown.of(FIRING)())
        await asyncio.sleep(0.5)
        assert not picture.done()
        await publish(kafka, context(5))
        await picture
    (seen,) = drawn
    assert not np.isnan(seen.left).any()
    assert len(seen.at) == 11


@pytest.mark.kafka
async def test_nothing_to_show_is_no_picture_and_says_so(kafka: Kafka) -> None:
    async with Pictures(kafka) as shown:
        with capture_logs() as logs:
            assert await shown.of(FIRING)() is None
    assert [line["reason"] for line in logs] == ["too few readings"]


@pytest.mark.kafka
@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_drawing_that_goes_wrong_costs_a_line_in_the_log(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    gate = asyncio.Event()

    def fail(*_: object) -> bytes:
        raise MemoryError("no room for a picture")

    async def hang(*_: object) -> Lines:
        await gate.wait()
        raise AssertionError

    monkeypatch.setattr(pictures, "draw", fail)
    monkeypatch.setattr(pictures, "PATIENCE_SECONDS", 0.2)
    await publish(kafka, context(30))
    async with Pictures(kafka) as shown:
        if trouble == "hangs":
            monkeypatch.setattr(Past, "behind", hang)
        else:
            monkeypatch.setattr(pictures, "PATIENCE_SECONDS", 30.0)
        with capture_logs() as logs:
            assert await shown.of(FIRING)() is None
    (line,) = logs
    assert line["event"] == "no picture"
    assert ("MemoryError" in line["reason"]) is (trouble == "fails")


@pytest.mark.kafka
async def test_without_a_library_there_are_no_pictures_and_nothing_breaks(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "drawable", lambda: False)
    async with Pictures(kafka) as shown:
        assert await shown.of(FIRING)() is None


@pytest.mark.kafka
async def test_what_tells_of_no_breach_has_no_picture(kafka: Kafka) -> None:
    await publish(kafka, context(30))
    async with Pictures(kafka) as shown:
        for state in (AlertState.UNKNOWN, AlertState.KNOWN):
            alert = msgspec.structs.replace(FIRING, state=state)
            assert await shown.of(alert)() is None
        assert await shown.of(FIRING)() is not None
