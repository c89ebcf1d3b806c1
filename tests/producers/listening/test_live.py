import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from producers.listening.live import merged
from producers.source import Heard, Said, Series


def heard(number: int) -> Heard:
    at = np.array([number], np.int64)
    return Heard(Series("BTC", "test"), at, at.astype(np.float64))


async def counting(*numbers: int, pause: float = 0.0) -> AsyncIterator[Said]:
    for number in numbers:
        await asyncio.sleep(pause)
        yield heard(number)


async def for_ever() -> AsyncIterator[Said]:
    await asyncio.sleep(3600)
    yield heard(0)


async def broken() -> AsyncIterator[Said]:
    yield heard(-1)
    await asyncio.sleep(0.05)
    raise KeyError("a bug")


def number(said: Said) -> int:
    assert isinstance(said, Heard)
    return int(said.at[0])


async def test_all_is_said_and_each_line_in_its_order() -> None:
    lines = [counting(*range(100)), counting(*range(100, 300), pause=0.0001)]
    said = [number(each) async for each in merged(lines)]
    assert sorted(said) == list(range(300))
    assert [n for n in said if n < 100] == list(range(100))
    assert [n for n in said if n >= 100] == list(range(100, 300))


async def test_a_bug_in_a_line_is_not_swallowed() -> None:
    said = []
    lines = merged([broken(), for_ever()])
    said.append(number(await anext(lines)))
    with pytest.raises(KeyError, match="a bug"):
        await anext(lines)
    assert said == [-1]


async def test_cancelled_it_ends_its_lines_without_a_complaint() -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    async def listen() -> None:
        async for _ in merged([for_ever(), for_ever(), counting(1, 2)]):
            pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    assert len(asyncio.all_tasks()) == 1
