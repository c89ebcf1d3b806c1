"""How a number, an instant, a length of time or a reason is written in Chinese."""

import re
from datetime import timedelta

from alerts.words.language import FIRST_HEARD, WITHDRAWN
from alerts.words.wording import NEW_YORK, moment
from alerts.words.wording import length as english

SIDES = {"above": "高于", "below": "低于", "outside": "超出", "within": "回到"}

_UNITS = {"d": "天", "h": "小时", "min": "分钟", "s": "秒"}
_WEEK = "一二三四五六日"
_LENGTH = re.compile(r"(\d+) (min|s|h|d)\b")
_CONDITION = re.compile(
    r"(.+?) (crossed to )?(above|below|outside|within) (±?-?[\d.]+)( points|%|σ)?"
    r" for (.+)",
    re.ASCII,
)
_NO_WORD = re.compile(r"no word of (.+) for (.+) of market time")
_NEVER = re.compile(r"(.+) never heard so far")
_WATCHED = {"spread": "波动率差", "ratio": "比值", "z-score": "z 分数"}
_OF_A_LEG = {
    "implied vol": "隐含波动率",
    "realised vol": "已实现波动率",
    "move of the day": "当日涨跌幅",
    "rank of its year": "年内排位",
    "percentile of its year": "年内分位",
}
_WHOLE = {
    "both legs are known again": "两侧数据均已恢复",
    FIRST_HEARD: "两侧数据首次齐备",
    **dict(zip(WITHDRAWN, ("规则已删除", "规则已改为监测其他内容"), strict=True)),
}


def reason(words: str) -> str:
    """Return the judge's reason in Chinese; as it is where it is none of the usual.

    >>> reason("spread above 0 points for 15 min")
    '波动率差高于 0 个百分点，持续 15 分钟'
    >>> reason("no word of BTC for 1 h of market time")
    'BTC 已有 1 小时（交易时间）没有数据'
    """
    if found := _CONDITION.fullmatch(words):
        what, crossed, where, level, unit, lasting = found.groups()
        unit = {" points": " 个百分点"}.get(unit, unit or "")
        held = f"，持续 {length(lasting)}" if lasting != "0 s" else ""
        moved = f"{'穿越至' if crossed else ''}{SIDES[where]} {level}{unit}"
        return f"{_subject(what)}{moved}{' 以内' if where == 'within' else ''}{held}"
    if found := _NO_WORD.fullmatch(words):
        legs = found[1].replace(" or ", " 或 ").replace("a value", "数值")
        return f"{legs} 已有 {length(found[2])}（交易时间）没有数据"
    if found := _NEVER.fullmatch(words):
        legs = found[1].replace(" and ", " 与 ")
        for known, said in _OF_A_LEG.items():
            legs = legs.replace(known, said)
        return f"{legs} 至今从未有数据"
    return _WHOLE.get(words, words)


def _subject(words: str) -> str:
    """Return what a rule watches, as English writes it, in Chinese."""
    symbol, of, what = words.partition("'s ")
    if of:
        return f"{symbol} 的{_OF_A_LEG.get(what, what)}"
    return _WATCHED.get(words, f"{words} ")


def points(spread: float) -> str:
    """Return a spread (fraction) in vol points, with its sign."""
    return f"{spread * 100:+.1f} 个百分点"


def length(text: str) -> str:
    """Return a length of time as English writes it, in Chinese: ``9 天 21 小时``."""
    if found := re.fullmatch(r"(\d+)([smhd])", text):
        return f"{found[1]} {_UNITS['min' if found[2] == 'm' else found[2]]}"
    return _LENGTH.sub(lambda found: f"{found[1]} {_UNITS[found[2]]}", text)


def between(start: int, end: int) -> str:
    """Return how long it is from one instant to another (ns UTC)."""
    return length(english(timedelta(microseconds=(end - start) // 1000)))


def both_times(at: int) -> str:
    """Return an instant (ns UTC) as UTC and New York read it.

    >>> both_times(1_722_014_820_000_000_000)
    '2024年7月26日 周五 17:27 UTC（纽约 13:27）'
    """
    utc = moment(at)
    there = utc.astimezone(NEW_YORK)
    other_day = "" if there.date() == utc.date() else f"周{_WEEK[there.weekday()]} "
    day = f"{utc.year}年{utc.month}月{utc.day}日 周{_WEEK[utc.weekday()]}"
    return f"{day} {utc:%H:%M} UTC（纽约 {other_day}{there:%H:%M}）"


def short_time(at: int) -> str:
    """Return an instant (ns UTC) with no more than is needed to know it."""
    utc = moment(at)
    return f"{utc.month}月{utc.day}日 {utc:%H:%M} UTC"
