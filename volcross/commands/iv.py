"""`volcross iv`: the implied volatility of a chain in a file."""

import datetime as dt
import json
import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from volcross.refusal import Refusal


class MethodName(StrEnum):
    """How a chain is read."""

    ATM = "atm"
    VIX = "vix"
    SKEW = "skew25"


def iv(  # noqa: PLR0913, PLR0917 - typer reads the options from the signature
    chain: Annotated[
        Path,
        typer.Argument(
            metavar="CHAIN",
            help="CSV with expiry,strike,right,bid,ask; or a saved Cboe answer;"
            " or a Deribit book summary.",
        ),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the quotes held; UTC without a zone."),
    ] = None,
    method: Annotated[
        MethodName, typer.Option(help="At the money, model-free, or 25-delta skew.")
    ] = MethodName.VIX,
    tenor: Annotated[
        float, typer.Option(min=0.01, metavar="DAYS", help="Constant maturity.")
    ] = 30.0,
    rate: Annotated[
        str,
        typer.Option(
            metavar="NEAR[,NEXT]",
            help="Interest to expiries up to the tenor, and past it: 0.05,0.051.",
        ),
    ] = "0",
    coin: Annotated[
        bool, typer.Option("--coin", help="A CSV's prices are in coin.")
    ] = False,
    american: Annotated[
        bool, typer.Option("--american", help="A CSV's options are American.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Work out a chain's implied volatility, and show what it rests on."""
    from streams.volatility.implied.measure import Method, Terms, measure_chain
    from volcross.commands.chain_files import instant, read_chain
    from volcross.commands.text_files import text_of

    quotes = read_chain(
        text_of(chain),
        chain.name,
        None if as_of is None else instant(as_of),
        coin=coin,
        american=american,
    )
    near, far = _rates(rate)
    readings = measure_chain(
        quotes,
        quotes.at,
        terms=Terms(rate=lambda years: near if years * 365 <= tenor else far),
        tenors_days=(tenor,),
        methods=(Method(method),),
    )
    report: dict[str, Any] = {
        "symbol": quotes.symbol,
        "as_of": _iso(quotes.at),
        "method": str(method),
        "tenor_days": tenor,
        "value": readings.readings[0].value if readings.readings else None,
        "refusal": readings.refusals[0].reason if readings.refusals else None,
        "exercise": "american, taken for european" if quotes.american else "european",
        "expiries": [_expiry(e, Method(method)) for e in readings.expiries],
    }
    if readings.readings:
        used = {_iso(readings.readings[0].near), _iso(readings.readings[0].far)}
        for expiry in report["expiries"]:
            expiry["used"] = expiry["expiry"] in used
    typer.echo(json.dumps(report, indent=2) if as_json else _table(report))
    if report["value"] is None:
        raise typer.Exit(1)


def _rates(text: str) -> tuple[float, float]:
    try:
        rates = [float(part) for part in text.split(",")]
    except ValueError:
        rates = []
    if len(rates) not in {1, 2} or not all(map(math.isfinite, rates)):
        raise Refusal(f"--rate {text!r} is not one or two rates such as 0.05,0.051")
    return rates[0], rates[-1]


def _iso(at: int) -> str:
    return dt.datetime.fromtimestamp(at // 10**9, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _expiry(expiry: Any, method: Any) -> dict[str, Any]:  # noqa: ANN401 - lazily imported types
    from streams.volatility.implied.at_the_money import AtTheMoney
    from streams.volatility.implied.forward import Forward
    from streams.volatility.implied.model_free import ModelFree
    from streams.volatility.implied.refusals import Refusal as Reason

    shown: dict[str, Any] = {
        "expiry": _iso(expiry.at),
        "minutes": round(expiry.years * 525_600, 6),
        "rate": expiry.rate,
    }
    if isinstance(expiry.forward, Forward):
        shown |= {
            "forward": expiry.forward.price,
            "parity_strike": expiry.forward.strike,
        }
    answer = expiry.answers[method]
    match answer:
        case Reason():
            shown["refusal"] = str(answer)
        case ModelFree():
            shown |= {
                "k0": answer.at_the_money_strike,
                "variance": answer.variance,
                "vol": math.sqrt(answer.variance),
                "strikes_used": len(answer.strikes),
                "strikes": list(answer.strikes),
            }
        case AtTheMoney():
            shown |= {
                "variance": answer.vol**2,
                "vol": answer.vol,
                "strikes_used": len(answer.strikes),
                "strikes": list(answer.strikes),
            }
        case _:
            shown |= {"put_vol": answer.put, "call_vol": answer.call}
    return shown


def _table(report: dict[str, Any]) -> str:
    from streams.volatility.implied.refusals import IN_WORDS

    value = report["value"]
    answer = (
        f"no number: {IN_WORDS[report['refusal']]}"
        if value is None
        else f"{100 * value:.2f}"
    )
    head = f"{report['symbol']} {report['method']} {report['tenor_days']:g}d: {answer}"
    lines = [f"{head}  (as of {report['as_of']}, {report['exercise']})"]
    for e in report["expiries"]:
        head = f"  {e['expiry']}  {e['minutes']:.0f} min"
        if "refusal" in e:
            lines.append(f"{head}  left out: {IN_WORDS[e['refusal']]}")
            continue
        head += f"  F {e['forward']:.5f}"
        if "k0" in e:
            head += f"  K0 {e['k0']:g}"
        if "variance" in e:
            low, high = e["strikes"][0], e["strikes"][-1]
            head += (
                f"  variance {e['variance']:.7f}  vol {100 * e['vol']:.2f}"
                f"  {e['strikes_used']} strikes {low:g}–{high:g}"
            )
        else:
            head += f"  put {100 * e['put_vol']:.2f}  call {100 * e['call_vol']:.2f}"
        lines.append(head + ("  used" if e.get("used") else ""))
    return "\n".join(lines)
