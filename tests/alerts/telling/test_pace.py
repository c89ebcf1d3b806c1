import asyncio

from hypothesis import given
from hypothesis import strategies as st

from alerts.telling.pace import Pace


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_no_minute_sees_more_than_its_share_and_the_burst(gaps: list[float]) -> None:
    pace, now, used = Pace(60, burst=3), 100.0, []
    for gap in gaps:
        now += gap
        used.append(now + pace.wait(now))
    for i, start in enumerate(used):
        within = [at for at in used[i:] if at < start + 10.0 - 1e-6]
        assert len(within) <= 10 + 3


def test_what_comes_slowly_never_waits() -> None:
    pace = Pace(60)
    assert [pace.wait(100.0 + 1.0 * i) for i in range(5)] == [0.0] * 5


def test_what_comes_at_once_is_spread_out_after_the_burst() -> None:
    pace = Pace(60, burst=3)
    assert [pace.wait(100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 1.0, 2.0]


async def test_a_stop_ends_the_wait() -> None:
    pace, stop = Pace(0.001), asyncio.Event()
    assert await pace.turn(stop)
    asyncio.get_running_loop().call_later(0.05, stop.set)
    assert not await pace.turn(stop)
