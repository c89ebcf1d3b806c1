"""From a chain to readings: every method, every tenor, or why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from streams.volatility.implied.at_the_money import (
    WIDEST_SPREAD,
    AtTheMoney,
    at_the_money,
)
from streams.volatility.implied.chain import Chain, Settlement, Strip, split_by_expiry
from streams.volatility.implied.constant_maturity import (
    DAYS_PER_YEAR,
    Maturity,
    constant_maturity,
)
from streams.volatility.implied.forward import Forward, parity_forward
from streams.volatility.implied.model_free import ModelFree, model_free
from streams.volatility.implied.refusals import Refusal
from streams.volatility.implied.risk_reversal import Wings, wings

TENORS_DAYS = (7, 14, 30, 60, 90)


class Method(StrEnum):
    """What is read from a chain, and the name under which it is published."""

    ATM = "atm"
    """Vol at the forward, `at_the_money`."""
    MODEL_FREE = "vix"
    """Root of the model-free variance, `model_free`."""
    SKEW = "skew25"
    """25-delta put vol less 25-delta call vol, `risk_reversal`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a chain is to be read.

    Attributes:
        rate: continuously compounded, of years to expiry.
        widest_spread: see `at_the_money`; not for the model-free index.
        max_age_ns: quotes older than this are stale; None for never.
    """

    rate: Callable[[float], float] = lambda _: 0.0
    widest_spread: float = WIDEST_SPREAD
    max_age_ns: int | None = None


class ChainReading(NamedTuple):
    """One number read from a chain.

    Attributes:
        method: how.
        tenor_days: of what maturity.
        value: annualised fraction; of a skew, a difference of two.
        near: expiry (ns UTC) not after the tenor.
        far: expiry not before it.
    """

    method: Method
    tenor_days: float
    value: float
    near: int
    far: int


class ChainRefusal(NamedTuple):
    """One number that could not be read.

    Attributes:
        method: how it would have been.
        tenor_days: of what maturity.
        reason: the name.
    """

    method: Method
    tenor_days: float
    reason: Refusal


@dataclass(frozen=True, slots=True)
class Expiry:
    """All that one expiry gave.

    Attributes:
        at: ns UTC.
        years: to it.
        rate: used for it.
        forward: or why there is none.
        answers: by method; a refusal where it gave nothing.
    """

    at: int
    years: float
    rate: float
    forward: Forward | Refusal
    answers: dict[Method, AtTheMoney | ModelFree | Wings | Refusal]


@dataclass(frozen=True, slots=True)
class ChainReadings:
    """What a chain says.

    Attributes:
        readings: the numbers.
        refusals: a reason for every method and tenor that has none.
        expiries: what they rest on, the nearest first.
    """

    readings: list[ChainReading]
    refusals: list[ChainRefusal]
    expiries: list[Expiry]


def measure_chain(
    chain: Chain,
    now: int,
    *,
    terms: Terms | None = None,
    tenors_days: Sequence[float] = TENORS_DAYS,
    methods: Sequence[Method] = tuple(Method),
) -> ChainReadings:
    """Return a number or a named refusal for every method and tenor.

    Args:
        chain: the quotes.
        now: the clock (ns UTC), against which quotes are stale.
        terms: rates, spread cap and patience.
        tenors_days: maturities wanted.
        methods: what to read.
    """
    terms = terms or Terms()
    strips = _alive(chain, now, terms)
    if isinstance(strips, Refusal):
        refusals = [
            ChainRefusal(method, tenor, strips)
            for method in methods
            for tenor in tenors_days
        ]
        return ChainReadings([], refusals, [])
    expiries = _expiries(chain, strips, terms, methods, max(tenors_days))
    readings: list[ChainReading] = []
    refusals = []
    for method in methods:
        known = [
            expiry
            for expiry in expiries
            if not isinstance(expiry.answers[method], Refusal)
        ]
        for tenor in tenors_days:
            answer = _tenor(method, known, tenor)
            if isinstance(answer, Refusal):
                # One expiry's own reason says more than that it is missing.
                reason = answer if known else _first_reason(expiries, method)
                refusals.append(ChainRefusal(method, tenor, reason))
            else:
                readings.append(answer)
    return ChainReadings(readings, refusals, expiries)


def _alive(chain: Chain, now: int, terms: Terms) -> list[Strip] | Refusal:
    patience = terms.max_age_ns
    if len(chain) and patience is not None and now - chain.at > patience:
        return Refusal.STALE
    return split_by_expiry(chain)


def _expiries(
    chain: Chain,
    strips: list[Strip],
    terms: Terms,
    methods: Sequence[Method],
    longest_days: float,
) -> list[Expiry]:
    """Return what each expiry gave, up to the second past the longest tenor."""
    found: list[Expiry] = []
    usable: list[tuple[Strip, Forward, Expiry]] = []
    beyond = 0
    for strip in strips:
        if beyond == 2:
            break
        rate = 0.0 if strip.refusal is Refusal.EXPIRED else terms.rate(strip.years)
        if chain.settlement is Settlement.COIN:
            rate = 0.0
        forward = strip.refusal or parity_forward(strip, rate, chain.settlement)
        expiry = Expiry(strip.expiry, strip.years, rate, forward, {})
        found.append(expiry)
        if isinstance(forward, Refusal):
            expiry.answers.update(dict.fromkeys(methods, forward))
            continue
        usable.append((strip, forward, expiry))
        beyond += strip.years * DAYS_PER_YEAR > longest_days
    if usable:
        sound, forwards, owners = zip(*usable, strict=True)
        for method in methods:
            answers: Sequence[AtTheMoney | ModelFree | Wings | Refusal]
            if method is Method.ATM:
                answers = at_the_money(
                    sound,
                    forwards,
                    american=chain.american,
                    widest_spread=terms.widest_spread,
                )
            elif method is Method.MODEL_FREE:
                answers = list(map(model_free, sound, forwards))
            else:
                answers = wings(sound, forwards, widest_spread=terms.widest_spread)
            for owner, answer in zip(owners, answers, strict=True):
                owner.answers[method] = answer
    return found


def _tenor(
    method: Method, expiries: list[Expiry], tenor: float
) -> ChainReading | Refusal:
    curves: list[list[Maturity]] = [
        [Maturity(e.years, vol) for e, vol in zip(expiries, vols, strict=True)]
        for vols in zip(*(_vols(e.answers[method]) for e in expiries), strict=True)
    ]
    if not curves:
        return Refusal.NOT_BRACKETED
    points = [constant_maturity(curve, tenor) for curve in curves]
    values = []
    for point in points:
        if isinstance(point, Refusal):
            return point
        values.append(point)
    value = values[0].vol - sum(point.vol for point in values[1:])
    near, far = expiries[values[0].near].at, expiries[values[0].far].at
    return ChainReading(method, tenor, value, near, far)


def _vols(answer: AtTheMoney | ModelFree | Wings | Refusal) -> tuple[float, ...]:
    match answer:
        case AtTheMoney():
            return (answer.vol,)
        case ModelFree():
            return (answer.variance**0.5,)
        case Wings():
            return (answer.put, answer.call)
        case Refusal():
            return ()


def _first_reason(expiries: list[Expiry], method: Method) -> Refusal:
    for expiry in expiries:
        answer = expiry.answers[method]
        if isinstance(answer, Refusal) and answer is not Refusal.EXPIRED:
            return answer
    return Refusal.EXPIRED
