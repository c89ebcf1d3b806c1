"""An alert in Chinese."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.fields import TEST_RULE
from alerts.words.chinese_wording import (
    SIDES,
    between,
    both_times,
    length,
    points,
    reason,
    short_time,
)
from alerts.words.language import (
    SILENT,
    WITHDRAWN,
    Facts,
    Language,
    cleared,
    kind,
    parted,
    side,
    watched,
    watched_leg,
)
from alerts.words.wording import percent
from streams.events import Alert, AlertState, LegName, LegValue, Origin

_MEASURES = {
    "dvol": "DVOL",
    "iv30": "隐含波动率",
    "vix": "无模型隐含波动率",
    "atm": "平值隐含波动率",
    "skew25": "25Δ 偏斜",
    "close-to-close": "已实现波动率",
    "ewma": "EWMA 波动率",
    "parkinson": "Parkinson 波动率",
    "garman-klass": "Garman–Klass 波动率",
    "rogers-satchell": "Rogers–Satchell 波动率",
    "yang-zhang": "Yang–Zhang 波动率",
    "bipower": "双幂次波动率",
    "daily-move": "当日涨跌幅",
}
_ORIGINS = {
    Origin.PUBLISHED: "",
    Origin.COMPUTED: "",
    Origin.INTERPOLATED: "由公布数据点之间插值得出",
    Origin.SYNTHETIC: "为测试用的合成数据",
}
_STATES = {
    AlertState.FIRING: "触发",
    AlertState.UPDATED: "持续",
    AlertState.RESOLVED: "解除",
    AlertState.UNKNOWN: "数据中断",
    AlertState.KNOWN: "数据恢复",
}
_SEVERITIES = {"info": "提示", "warning": "警告", "critical": "严重"}


class Chinese:
    """Says it in Chinese; see `alerts.words.language.Language`."""

    code = "zh-Hans"
    links = ("仪表盘", "处置手册")
    held = "静默时段内暂缓发送，所示均为实际发生时间。"

    def headline(self, alert: Alert) -> str:
        """Return the whole news in one sentence."""
        if alert.rule == TEST_RULE:
            return "测试：volcross 的告警将以这种形式呈现"
        if alert.reason in WITHDRAWN:
            return f"{alert.rule} 不再监测：{reason(alert.reason)}"
        left, right = self.leg_name(alert.left.name), self.leg_name(alert.right.name)
        if alert.state is AlertState.UNKNOWN:
            return f"{left}与 {right} 暂时无法比较：{reason(alert.reason)}"
        left, right = self._valued(alert.left), self._valued(alert.right)
        if alert.state is AlertState.KNOWN:
            again = "恢复可比" if alert.since else "首次可比"
            return f"{left} 与 {right} {again}（{points(alert.spread)}）"
        return self._news(alert, left, right).replace("） ", "）")

    def label(self, alert: Alert) -> str:
        """Return the state, the severity and the id."""
        severity = _SEVERITIES.get(alert.severity, alert.severity)
        return f"{_STATES[alert.state]} · {severity} · {alert.id}"

    def leg_name(self, name: LegName) -> str:
        """Return a leg as people call it: ``NVDA 隐含波动率``, ``BTC DVOL``."""
        window, besides = parted(name)
        measure = _MEASURES.get(name.measure, name.measure)
        besides = {"at the last close": "（上一收盘时）"}.get(besides, besides)
        words = filter(None, [name.symbol, length(window), measure])
        return " ".join(words) + besides

    def standing(self, leg: LegValue, alert: Alert) -> str:
        """Return how old a leg is, how delayed, and whether its market is open."""
        if not leg.at:
            return "至今从未有数据"
        age = timedelta(microseconds=(alert.event_time - leg.at) // 1000)
        parts = [f"截至 {short_time(leg.at)}"]
        if age >= timedelta(minutes=1):
            parts.append(f"距今 {between(leg.at, alert.event_time)}")
        if not leg.market_open:
            parts.append("所在市场休市")
        if leg.name.delay_seconds:
            delay = round(leg.name.delay_seconds * 1e9)
            parts.append(f"行情延迟 {between(0, delay)}")
        return "，".join(parts)

    def facts(self, alert: Alert) -> Facts:
        """Return since when it is so, how far it went, and by which rule."""
        facts = [self._since(alert)]
        if alert.began is not None and alert.state is AlertState.RESOLVED:
            before = f"此前{SIDES.get(alert.when, '穿越')}"
            lasted = between(alert.began, alert.since)
            facts.append((before, f"{lasted}，自 {both_times(alert.began)} 起"))
        if alert.state in (AlertState.RESOLVED, AlertState.UPDATED):
            facts += self._furthest(alert)
        facts.append(("规则", f"{alert.rule}：{reason(alert.reason)}"))
        return facts

    def notes(self, alert: Alert) -> list[str]:
        """Return what must be borne in mind in reading the numbers."""
        notes = []
        drawn: dict[str, list[str]] = {}
        for leg in (alert.left, alert.right):
            if origin := _ORIGINS[leg.name.origin]:
                drawn.setdefault(origin, []).append(self.leg_name(leg.name))
        for origin, names in drawn.items():
            both = "均" if len(names) > 1 else ""
            notes.append(f"{'与 '.join(names)} {both}{origin}。")
        if alert.began is not None and alert.state in SILENT:
            stands = f"始于 {both_times(alert.began)} 的告警仍然有效"
            silent = alert.state is AlertState.UNKNOWN
            until = "，在两侧数据恢复之前" if silent else "，期间"
            notes.append(f"{stands}{until}既不重发也不解除。")
        return notes

    def many(self, alerts: Sequence[Alert]) -> tuple[str, str]:
        """Return the headline and the label of several alerts in one message."""
        first, latest, count = alerts[0], alerts[-1], len(alerts)
        states = {alert.state for alert in alerts}
        state = _STATES[latest.state] if len(states) == 1 else ""
        each_once = len({alert.rule for alert in alerts}) == count
        one_pair = len({alert.pair for alert in alerts}) == 1
        about = f"{latest.pair}：" if one_pair else ""
        many = "条规则" if each_once and one_pair else "条告警"
        label = f"{count} 条告警 · {first.id} 至 {latest.id}"
        return f"{about}{count} {many}{state}", label

    def told_at(self, line: str, at: int) -> str:
        """Return one alert of several: its line, and when it was (ns UTC)."""
        return f"{line}；{short_time(at)}"

    def left_out(self, count: int) -> tuple[str, str]:
        """Return the fact that `count` more alerts are not shown."""
        return "其余", f"另有 {count} 条告警未列出"

    def _valued(self, leg: LegValue) -> str:
        # A phone shows no more than the headline.
        said = leg.market_open or parted(leg.name)[1]
        shut = "" if said else "（收盘值）"
        return f"{self.leg_name(leg.name)} {percent(leg.value)}{shut}"

    def _news(self, alert: Alert, left: str, right: str) -> str:  # noqa: PLR0911 - one a kind
        value = watched(alert)
        leg, moved = self._valued(watched_leg(alert)), _moved(alert, _margin(alert))
        now = "仍为" if alert.state is AlertState.UPDATED else "现为"
        match kind(alert):
            case "left" | "right":
                return f"{leg} {moved}"
            case "ratio":
                return f"{left} {now} {right} 的 {value:.2f} 倍，{moved}"
            case "move":
                symbol = alert.left.name.symbol
                return f"{symbol} 较上一收盘波动{now} {value:.1f}σ，{moved}"
            case "rank":
                return f"{leg}，年内排位{now} {value:.0%}，{moved}"
            case "percentile":
                return f"{leg}，年内分位{now} {value:.0%}，{moved}"
            case "z-score":
                apart = f"{left} 与 {right} 之差（{points(alert.spread)}）"
                return f"{apart}偏离均值 {value:+.1f}σ，{moved}"
        apart = f"（{points(alert.spread)}）"
        if side(alert) == "within":
            return f"{left} 与 {right} 之差{moved}{apart}"
        sign = "above" if alert.spread > 0 else "below"
        if {sign, side(alert)} == {"above", "below"}:
            # With a margin, the news may be that it is less far on the same side.
            return f"{left} 现略{SIDES[sign]} {right}{apart}"
        return f"{left} {_moved(alert, right, sign)}{apart}"

    def _since(self, alert: Alert) -> tuple[str, str]:
        if not alert.since:
            return "数据", "从未有过"
        since = both_times(alert.since)
        if alert.state is AlertState.UNKNOWN:
            return "中断始于", since
        lasted = between(alert.since, alert.event_time)
        if alert.state is AlertState.KNOWN:
            return "数据中断", f"{lasted}，自 {since} 起"
        if alert.state is AlertState.UPDATED:
            since = f"{since}，已持续 {lasted}"
        return f"开始{SIDES[side(alert)]}", since

    def _furthest(self, alert: Alert) -> Facts:
        if alert.peak is None or alert.peak_at is None:
            return []
        peak = f"{_amount(alert, alert.peak)}，{both_times(alert.peak_at)}"
        return [("极值", peak)]


def _moved(alert: Alert, level: str, where: str = "") -> str:
    where = where or side(alert)
    if cleared(alert):
        return f"已明显{SIDES[where]} {level}"
    if alert.state is AlertState.RESOLVED:
        back = {
            "below": "已回落至 {} 以下",
            "above": "已回升至 {} 以上",
            "within": "已回到 {} 以内",
        }
        return back[where].format(level)
    now = "仍" if alert.state is AlertState.UPDATED else "现已"
    return f"{now}{SIDES[where]} {level}"


def _margin(alert: Alert) -> str:
    match kind(alert):
        case "spread":
            level = f"{alert.margin * 100:g} 个百分点"
        case "ratio":
            level = f"{alert.margin:g} 倍"
        case "z-score" | "move":
            level = f"{alert.margin:g}σ"
        case _:
            level = f"{alert.margin * 100:g}%"
    return f"{'±' if alert.when == 'outside' else ''}{level}"


def _amount(alert: Alert, value: float) -> str:
    match kind(alert):
        case "spread":
            return points(value)
        case "ratio":
            return f"{value:.2f}"
        case "z-score" | "move":
            return f"{value:+.1f}σ"
    return percent(value)


CHINESE: Language = Chinese()
