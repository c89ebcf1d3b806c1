"""An alert in English."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.fields import TEST_RULE
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
from alerts.words.wording import both_times, length, percent, points, short_time
from streams.events import Alert, AlertState, LegName, LegValue, Origin

_MEASURES = {
    "dvol": "DVOL",
    "iv30": "implied vol",
    "vix": "model-free implied vol",
    "atm": "at-the-money implied vol",
    "skew25": "25Δ skew",
    "close-to-close": "realised vol",
    "ewma": "EWMA vol",
    "daily-move": "move of the day",
}
_ORIGINS = {
    Origin.PUBLISHED: "",
    Origin.COMPUTED: "",
    Origin.INTERPOLATED: "interpolated between published points",
    Origin.SYNTHETIC: "synthetic, made for a test",
}
_NEWS = {
    AlertState.FIRING: "now",
    AlertState.UPDATED: "still",
    AlertState.RESOLVED: "back",
}


class English:
    """Says it in English; see `alerts.words.language.Language`."""

    code = "en"
    links = ("Dashboard", "Runbook")
    held = "Held during quiet hours: the times are those at which it happened."

    def headline(self, alert: Alert) -> str:
        """Return the whole news in one sentence."""
        if alert.rule == TEST_RULE:
            return "Test: this is how an alert of volcross will look"
        if alert.reason in WITHDRAWN:
            return f"{alert.rule} is not watched any more: {alert.reason}"
        left, right = self.leg_name(alert.left.name), self.leg_name(alert.right.name)
        if alert.state is AlertState.UNKNOWN:
            return f"{left} cannot be compared with {right}: {alert.reason}"
        left, right = self._valued(alert.left), self._valued(alert.right)
        if alert.state is AlertState.KNOWN:
            apart = points(alert.spread)
            again = " again" if alert.since else ""
            return f"{left} can be compared with {right}{again} ({apart})"
        return self._news(alert, left, right)

    def label(self, alert: Alert) -> str:
        """Return the state, the severity and the id."""
        return f"{alert.state.upper()} · {alert.severity} · {alert.id}"

    def leg_name(self, name: LegName) -> str:
        """Return a leg as people call it: ``NVDA implied vol``, ``BTC DVOL``."""
        window, besides = parted(name)
        measure = _MEASURES.get(name.measure, name.measure)
        return " ".join(filter(None, [name.symbol, window, measure, besides]))

    def standing(self, leg: LegValue, alert: Alert) -> str:
        """Return how old a leg is, how delayed, and whether its market is open."""
        if not leg.at:
            return "never heard so far"
        age = timedelta(microseconds=(alert.event_time - leg.at) // 1000)
        parts = [f"as of {short_time(leg.at)}"]
        if age >= timedelta(minutes=1):
            parts.append(f"{length(age)} old")
        if not leg.market_open:
            parts.append("its market is closed")
        if leg.name.delay_seconds:
            delay = timedelta(seconds=leg.name.delay_seconds)
            parts.append(f"feed delayed {length(delay)}")
        return ", ".join(parts)

    def facts(self, alert: Alert) -> Facts:
        """Return since when it is so, how far it went, and by which rule."""
        facts = [self._since(alert)]
        if alert.began is not None and alert.state is AlertState.RESOLVED:
            before = f"for {_between(alert.began, alert.since)}"
            name = f"It was {alert.when}" if alert.when != "crosses" else "It was open"
            facts.append((name, f"{before}, from {both_times(alert.began)}"))
        if alert.state in (AlertState.RESOLVED, AlertState.UPDATED):
            facts += self._furthest(alert)
        facts.append(("Rule", f"{alert.rule}: {alert.reason}"))
        return facts

    def notes(self, alert: Alert) -> list[str]:
        """Return what must be borne in mind in reading the numbers."""
        notes = []
        drawn: dict[str, list[str]] = {}
        for leg in (alert.left, alert.right):
            if origin := _ORIGINS[leg.name.origin]:
                drawn.setdefault(origin, []).append(self.leg_name(leg.name))
        for origin, names in drawn.items():
            verb = "is" if len(names) == 1 else "are"
            notes.append(f"{' and '.join(names)} {verb} {origin}.")
        if alert.began is not None and alert.state in SILENT:
            stands = f"The alert that began on {both_times(alert.began)} stands"
            silent = alert.state is AlertState.UNKNOWN
            until = " until both are known" if silent else ""
            notes.append(f"{stands}{until}: it was neither renewed nor resolved.")
        return notes

    def many(self, alerts: Sequence[Alert]) -> tuple[str, str]:
        """Return the headline and the label of several alerts in one message."""
        first, latest, count = alerts[0], alerts[-1], len(alerts)
        state = f" {latest.state}" if len({a.state for a in alerts}) == 1 else ""
        each_once = len({alert.rule for alert in alerts}) == count
        one_pair = len({alert.pair for alert in alerts}) == 1
        many = "rules" if each_once else "alerts"
        about = f"{latest.pair}: {count} {many}" if one_pair else f"{count} alerts"
        return f"{about}{state}", f"{count} ALERTS · {first.id} to {latest.id}"

    def told_at(self, line: str, at: int) -> str:
        """Return one alert of several: its line, and when it was (ns UTC)."""
        return f"{line}; {short_time(at)}"

    def left_out(self, count: int) -> tuple[str, str]:
        """Return the fact that `count` more alerts are not shown."""
        return "And more", f"{count} alerts, not shown here"

    def _valued(self, leg: LegValue) -> str:
        # A phone shows no more than the headline: who reads it must know.
        said = leg.market_open or parted(leg.name)[1]
        shut = "" if said else " at the close"
        return f"{self.leg_name(leg.name)} {percent(leg.value)}{shut}"

    def _news(self, alert: Alert, left: str, right: str) -> str:  # noqa: PLR0911 - one a kind
        news, value = _NEWS[alert.state], watched(alert)
        if cleared(alert):
            news = "clearly"
        leg, level = self._valued(watched_leg(alert)), _level(alert)
        match kind(alert):
            case "left" | "right":
                return f"{leg} is {news} {level}"
            case "ratio":
                return f"{left} is {news} {value:.2f} times {right} ({level})"
            case "move":
                symbol = alert.left.name.symbol
                return f"{symbol} is {news} {value:.1f}σ from its last close ({level})"
            case "rank":
                return f"{leg} is {news} at rank {value:.0%} of its year ({level})"
            case "percentile":
                days = f"{value:.0%} of the days of its year"
                return f"{leg} is {news} higher than on {days} ({level})"
            case "z-score":
                apart = f"{left} less {right} ({points(alert.spread)})"
                return f"{apart} is {news} {value:+.1f}σ from its mean ({level})"
        if side(alert) == "within":
            near = f"within {alert.margin * 100:g} points of {right}"
            return f"{left} is {news} {near} ({points(alert.spread)})"
        sign = "above" if alert.spread > 0 else "below"
        # With a margin, the news may be that it is less far on the same side.
        close = " close" if {sign, side(alert)} == {"above", "below"} else ""
        return f"{left} is {news}{close} {sign} {right} ({points(alert.spread)})"

    def _since(self, alert: Alert) -> tuple[str, str]:
        if not alert.since:
            return "Unknown", "from the beginning"
        since = both_times(alert.since)
        if alert.state is AlertState.UNKNOWN:
            return "Unknown since", since
        lasted = _between(alert.since, alert.event_time)
        if alert.state is AlertState.KNOWN:
            return "Unknown", f"for {lasted}, from {since}"
        if alert.state is AlertState.UPDATED:
            since = f"{since}, for {lasted}"
        return f"{side(alert).capitalize()} since", since

    def _furthest(self, alert: Alert) -> Facts:
        if alert.peak is None or alert.peak_at is None:
            return []
        peak = f"{_amount(alert, alert.peak)} at {both_times(alert.peak_at)}"
        return [("Furthest", peak)]


def _level(alert: Alert) -> str:
    """Return the margin, and on which side of it what is watched is."""
    match kind(alert):
        case "spread":
            level = f"{alert.margin * 100:g} points"
        case "ratio":
            level = f"{alert.margin:g}"
        case "z-score" | "move":
            level = f"{alert.margin:g}σ"
        case _:
            level = f"{alert.margin * 100:g}%"
    return f"{side(alert)} {'±' if alert.when == 'outside' else ''}{level}"


def _amount(alert: Alert, value: float) -> str:
    match kind(alert):
        case "spread":
            return points(value)
        case "ratio":
            return f"{value:.2f}"
        case "z-score" | "move":
            return f"{value:+.1f}σ"
    return percent(value)


def _between(start: int, end: int) -> str:
    return length(timedelta(microseconds=(end - start) // 1000))


ENGLISH: Language = English()
