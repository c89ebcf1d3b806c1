"""Each volatility is shown under the name of what it is."""

import pytest
from prometheus_client import REGISTRY

from streams import metrics
from streams.events import Origin, Quality, VolatilityReadings


def reading(measure: str, window: str, origin: Origin, value: float) -> None:
    metrics.observe(
        VolatilityReadings(
            symbol="METRICS",
            measure=measure,
            window=window,
            origin=origin,
            source="test",
            quality=Quality.OK,
            start=0,
            end=2,
            at=[1],
            value=[value],
        )
    )


@pytest.mark.parametrize(
    ("measure", "origin", "metric", "names"),
    [
        ("iv30", Origin.PUBLISHED, "implied_volatility", ("measure", "tenor")),
        ("dvol", Origin.SYNTHETIC, "implied_volatility", ("measure", "tenor")),
        ("vix", Origin.COMPUTED, "implied_volatility", ("measure", "tenor")),
        ("atm", Origin.COMPUTED, "implied_volatility", ("measure", "tenor")),
        ("skew25", Origin.COMPUTED, "implied_skew", ("measure", "tenor")),
        ("ewma", Origin.COMPUTED, "realized_volatility", ("estimator", "window")),
    ],
)
def test_what_a_chain_says_is_implied_and_a_skew_is_no_volatility(
    measure: str, origin: Origin, metric: str, names: tuple[str, str]
) -> None:
    reading(measure, "7d", origin, -0.02)
    labels = dict(zip(names, (measure, "7d"), strict=True))
    held = {
        sample.name
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.labels == {"symbol": "METRICS", **labels}
    }
    assert f"volcross_{metric}_ratio" in held
    assert len(held) == 1
