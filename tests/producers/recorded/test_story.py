import asyncio
import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from producers.recorded import story
from producers.recorded.story_facts import BTC_DAILY, DVOL_DAILY, NVDA_DAILY
from producers.recorded.timeline import Recording
from producers.source import SECOND, Heard, instant
from streams.events import Origin

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def utc(text: str) -> int:
    return instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


def value_at(recording: Recording, moment: int) -> float:
    """What stands at `moment`: the last value said."""
    return float(recording.value[np.searchsorted(recording.at, moment, "right") - 1])


def transitions() -> Iterator[tuple[str, int]]:
    """The default rule (spread > 0, hysteresis 0.01, for 15 min), worked out here."""
    nvda, dvol = story.nvda_iv30(), story.btc_dvol()
    firing, since = False, None
    for moment in range(story.BEGIN, story.END, MINUTE):
        spread = value_at(nvda, moment) - value_at(dvol, moment)
        if not (spread < -0.01 if firing else spread > 0):
            since = None
            continue
        since = moment if since is None else since
        if moment - since >= 15 * MINUTE:
            firing, since = not firing, None
            yield ("firing" if firing else "resolved"), moment


def test_it_crosses_when_the_founding_story_does() -> None:
    expected = [
        ("firing", utc("2024-07-26T17:27")),
        ("resolved", utc("2024-08-05T14:02")),
        ("firing", utc("2024-08-05T17:30")),
        ("resolved", utc("2024-08-28T14:42")),
    ]
    assert list(transitions()) == expected


@pytest.mark.parametrize(
    ("moment", "nvda", "btc"),
    [
        ("2024-07-22T20:00", 0.48, None),
        ("2024-07-26T17:27", 0.5985, 0.5974),
        ("2024-07-31T23:59", 0.71, 0.48730),
        ("2024-08-05T14:02", 0.8201, 0.8369),
        ("2024-08-05T17:30", 0.8857, 0.8715),
        ("2024-08-28T14:42", 0.5301, 0.5423),
        ("2024-09-03T20:00", 0.55, 0.5551),
    ],
)
def test_it_says_what_the_press_said(
    moment: str, nvda: float, btc: float | None
) -> None:
    assert value_at(story.nvda_iv30(), utc(moment)) == pytest.approx(nvda, abs=5e-5)
    if btc is not None:
        assert value_at(story.btc_dvol(), utc(moment)) == pytest.approx(btc, abs=5e-5)


def test_published_points_are_exact_at_the_close() -> None:
    assert value_at(story.nvda_iv30(), utc("2024-08-02T20:00")) == 0.81
    assert value_at(story.nvda_iv30(), utc("2024-08-05T20:00")) == 0.933


def test_the_stock_speaks_only_in_its_sessions() -> None:
    minutes = {
        datetime.fromtimestamp(at // SECOND, UTC) - timedelta(hours=4)  # EDT all along
        for at in story.nvda_iv30().at.tolist()
    }
    assert {(m.hour * 60 + m.minute) for m in minutes} == set(range(570, 961))
    assert date(2024, 9, 2) not in {m.date() for m in minutes}
    assert all(m.weekday() < 5 for m in minutes)


def test_dvol_speaks_every_minute_to_the_end() -> None:
    at = story.btc_dvol().at
    assert at[0] == story.BEGIN
    assert at[-1] == story.END - MINUTE
    assert set(np.diff(at).tolist()) == {MINUTE}


def test_dvol_visits_every_published_extreme() -> None:
    spike = story.btc_dvol().value
    assert float(spike.max()) == pytest.approx(0.9271, abs=1e-12)


def test_whatever_is_drawn_says_so_and_prices_are_never_drawn() -> None:
    for recording in story.Story().recordings:
        if recording.series.measure is not None:
            assert recording.series.origin is Origin.INTERPOLATED
    nvda = story.nvda_prices()
    assert set(nvda.value.tolist()) <= {p for _, *prices in NVDA_DAILY for p in prices}
    assert len(nvda.at) == 2 * len(NVDA_DAILY)
    assert set(story.btc_prices().value.tolist()) <= {price for _, price in BTC_DAILY}


def test_the_early_close_is_at_one_in_new_york() -> None:
    assert utc("2024-07-03T17:00") in story.nvda_prices().at
    assert utc("2024-07-03T20:00") not in story.nvda_prices().at


async def told(source: story.Story) -> list[Heard]:
    return [heard async for heard in source]


async def test_every_leg_is_covered_to_the_end_without_a_hole() -> None:
    source = story.Story(seconds=None)
    heard = await told(source)
    for recording in source.recordings:
        mine = [h for h in heard if h.series == recording.series]
        assert mine[0].since == recording.start
        assert mine[-1].until == story.END
        assert np.array_equal(np.concatenate([h.at for h in mine]), recording.at)
        for before, after in pairwise(mine):
            assert before.until is not None
            assert after.until is not None
            assert 0 < after.until - before.until <= HOUR
            assert after.since is None
    assert len({h.until for h in heard if h.series.measure}) == 1036


async def test_it_takes_the_time_it_was_given() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await told(story.Story(seconds=0.5))
    assert 0.5 <= loop.time() - began < 2


def test_a_missing_data_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"btc_hourly.*: no such file"):
        story.Story(data=tmp_path)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "timestamp,close\n2024-06-18 00:00:00,x\n"]
)
def test_a_file_of_something_else_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / story.HOURLY_FILE).write_text(text)
    with pytest.raises(ValueError, match=r"btc_hourly.*: not hourly candles"):
        story.Story(data=tmp_path)


@pytest.mark.data
class TestFacts:
    """The typed-in facts against the files they were typed from."""

    def rows(self, data: Path, name: str) -> dict[date, dict[str, str]]:
        with (data / name).open(newline="") as file:
            return {
                date.fromisoformat(next(iter(row.values()))[:10]): row
                for row in csv.DictReader(file)
            }

    def test_dvol(self, data_dir: Path) -> None:
        rows = self.rows(data_dir, "dvol_btc_daily_2024-05_2024-09.csv")
        for day, *candle in DVOL_DAILY:
            wanted = [float(rows[day][k]) for k in ("open", "high", "low", "close")]
            assert candle == wanted
        assert len(DVOL_DAILY) == (date(2024, 9, 3) - date(2024, 7, 22)).days + 1

    def test_nvda(self, data_dir: Path) -> None:
        rows = self.rows(data_dir, "nvda_daily_yahoo_2024.csv")
        span = [day for day in rows if date(2024, 6, 18) <= day <= date(2024, 9, 3)]
        assert [day for day, *_ in NVDA_DAILY] == span
        for day, opened, closed in NVDA_DAILY:
            assert opened == pytest.approx(float(rows[day]["Open"]), abs=5e-5)
            assert closed == pytest.approx(float(rows[day]["Close"]), abs=5e-5)

    def test_bitcoin_daily_is_the_last_hour_of_the_day(self, data_dir: Path) -> None:
        hourly, daily = story.btc_prices(data_dir), story.btc_prices()
        shared = np.isin(hourly.at, daily.at)
        assert np.array_equal(hourly.value[shared], daily.value)
        assert len(hourly.at) == 78 * 24
