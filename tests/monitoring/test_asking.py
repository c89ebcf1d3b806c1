"""The panel test asks what Grafana would ask, and does not take NaN for data."""

from typing import Any

import pytest

from tests.monitoring.asking import panels, shows_something


def answering(**labels: list[str]) -> Any:  # noqa: ANN401 - a stand-in for HTTP
    def get(path: str, parameters: dict[str, str]) -> list[str]:
        assert parameters["match[]"].startswith("volcross_")
        return labels.get(path.split("/")[1], ["one"])

    return get


def test_a_choice_of_several_is_a_pattern_and_a_single_one_is_its_value() -> None:
    get = answering(pair=["SPY/BTC", "NVDA/BTC"], symbol=["BTC", "BRK.B"])
    found = {panel.title: panel for _, panel in panels(get)}
    (spread,) = found["Spread"].expressions
    assert 'pair=~"NVDA/BTC"' in spread
    (implied,) = found["Implied now"].expressions
    assert r'symbol=~"(BRK\\.B|BTC)"' in implied
    (structure,) = found["Term structure"].expressions
    assert '"days", "$1", "tenor"' in structure


def test_what_is_chosen_at_first_is_asked_for_where_it_is_offered() -> None:
    for offered, asked_for in (
        (["bipower", "close-to-close"], 'estimator=~"close-to-close"'),
        (["bipower", "ewma"], 'estimator=~"(bipower|ewma)"'),
    ):
        found = {
            panel.title: panel for _, panel in panels(answering(estimator=offered))
        }
        (realised,) = found["Realised volatility"].expressions
        assert asked_for in realised


def test_a_variable_that_offers_nothing_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"\$rule offers nothing"):
        list(panels(answering(rule=[])))


@pytest.mark.parametrize(
    ("values", "shown"), [(["NaN", "NaN"], False), (["NaN", "0"], True), ([], False)]
)
def test_nan_is_no_data(values: list[str], *, shown: bool) -> None:
    def get(path: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401
        assert (path, parameters["query"]) == ("query_range", "up")
        series = [{"values": [[0, value] for value in values]}] if values else []
        return {"result": series}

    assert shows_something(get, "up", 0, 1) is shown
