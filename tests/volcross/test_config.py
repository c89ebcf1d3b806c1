import re
import tomllib
from pathlib import Path

import pytest

from producers.choosing.rivals import rivals
from producers.settings import FailoverSource, MassiveSource
from producers.sources import open_source
from streams.settings import Clock
from volcross.config import ConfigError, Settings, compose, load
from volcross.layers import parse

EXAMPLE = Path(__file__).parents[2] / "volcross.example.toml"

SLACK = "https://hooks.slack.com/services/T0/B0/verysecret"


def composed(text: str, **variables: str) -> Settings:
    return compose(parse(text, "volcross.toml"), "volcross.toml", variables)


def complaints(text: str, **variables: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        composed(text, **variables)
    return list(caught.value.lines)


def test_without_a_file_it_watches_nvda_against_btc() -> None:
    settings = composed("")
    assert [pair.name for pair in settings.pairs] == ["NVDA/BTC"]
    assert settings.symbols["NVDA"].clock == Clock.US_EQUITY
    assert [rule.name for rule in settings.rules] == ["nvda-above-btc"]


def test_the_example_is_what_one_gets_without_a_file() -> None:
    assert composed(EXAMPLE.read_text()) == composed("")


def test_the_example_shows_every_table_of_the_settings() -> None:
    text = EXAMPLE.read_text()
    # Uncomment what a comment shows, so that it is read as well.
    shown = tomllib.loads(
        "\n".join(
            line.removeprefix("# ")
            if (line.startswith(("# [", "# ")) and "=" in line)
            or line.startswith("# [")
            else line
            for line in text.splitlines()
            if not line.startswith("#   ")
        )
    )
    assert set(shown) == set(Settings.model_fields)
    for table in (
        "kafka",
        "realised",
        "screen",
        "metrics",
        "broker",
        "page",
        "retry",
        "heartbeat",
    ):
        missing = set(Settings.model_fields[table].annotation.model_fields) - set(  # type: ignore[union-attr]  # each is a table
            shown[table]
        )
        assert missing <= {"password", "url"}, table


def test_the_environment_prevails_over_the_file() -> None:
    text = "[kafka]\npartitions = 2\nreplication = 2"
    settings = composed(text, VOLCROSS_KAFKA__PARTITIONS="8")
    assert (settings.kafka.partitions, settings.kafka.replication) == (8, 2)


def test_the_environment_finds_a_symbol_whatever_its_case() -> None:
    settings = composed("", VOLCROSS_SYMBOLS__NVDA__GRID="5m")
    assert settings.symbols["NVDA"].grid == "5m"
    assert list(settings.symbols) == ["NVDA", "BTC"]


def test_the_environment_reaches_into_a_list_and_replaces_one() -> None:
    text = EXAMPLE.read_text()
    assert composed(text, VOLCROSS_RULES__0__MARGIN="0.05").rules[0].margin == 0.05
    windows = composed(text, VOLCROSS_REALISED__WINDOWS='["30d"]').realised.windows
    assert windows == ["30d"]


def test_a_secret_comes_from_a_file_named_by_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "slack"
    secret.write_text(SLACK + "\n")
    settings = composed("", VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL_FILE=str(secret))
    assert settings.channels.slack is not None
    url = settings.channels.slack.webhook_url
    assert url is not None
    assert url.get_secret_value() == SLACK


def test_a_file_with_symbols_of_its_own_starts_from_an_empty_sheet() -> None:
    settings = composed('[symbols.ETH]\nclock = "crypto"')
    assert list(settings.symbols) == ["ETH"]
    assert (settings.pairs, settings.rules) == ([], [])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[kafka\n", "volcross.toml: Expected ']' at the end of a table declaration"),
        (
            "[kafka]\npartitons = 3",
            "volcross.toml: kafka.partitons: unknown key (did you mean 'partitions'?)",
        ),
        ("[kafak]", "volcross.toml: kafak: unknown key (did you mean 'kafka'?)"),
        (
            "[kafka]\npartitions = 0",
            "volcross.toml: kafka.partitions: Input should be greater than or equal",
        ),
        (
            "[kafka]\npartitions = 'many'",
            "volcross.toml: kafka.partitions: Input should be a valid integer",
        ),
        (
            "[realised]\nwindows = ['30 days']",
            "volcross.toml: realised.windows.0: '30 days' is not a duration",
        ),
        (
            "[[pairs]]\nleft = 'NVDA'\nright = 'DOGE'",
            "volcross.toml: pairs: NVDA/DOGE: no [symbols.DOGE]",
        ),
        (
            "[[rules]]\nname = 'x'\npair = 'NVDA/ETH'",
            "volcross.toml: rules: x: pair: no such pair NVDA/ETH",
        ),
        (
            "[channels.email]\nhost = 'localhost'\nto = ['a@b']",
            "volcross.toml: channels.email.from: required; its name in the environment",
        ),
        (
            "[sources.x]\nkind = 'tape'",
            "volcross.toml: sources.x: Input tag 'tape' found using 'kind' does not",
        ),
        (
            "[sources.x]\nkind = 'story'\nsecond = 4",
            "volcross.toml: sources.x.second: unknown key (did you mean 'seconds'?)",
        ),
        (
            f"[channels.slack]\nwebhook_url = '{SLACK}'",
            "volcross.toml: channels.slack.webhook_url: a secret does not belong in",
        ),
    ],
)
def test_what_cannot_be_used_is_named_by_file_key_and_reason(
    text: str, complaint: str
) -> None:
    lines = complaints_of_file(text)
    assert len(lines) == 1
    assert lines[0].startswith(complaint)
    assert "verysecret" not in lines[0]


def complaints_of_file(text: str) -> list[str]:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - parse and compose differ
        composed(text)
    return str(caught.value).splitlines()


def test_every_finding_is_told_at_once() -> None:
    lines = complaints("[kafka]\npartitions = 0\nreplication = 0\nspeed = 1")
    assert [line.split(": ")[1] for line in lines] == [
        *("kafka.partitions", "kafka.replication", "kafka.speed")
    ]


def test_a_bad_variable_is_named_and_not_the_file() -> None:
    assert complaints("", VOLCROSS_KAFKA__PARTITIONS="0")[0].startswith(
        "VOLCROSS_KAFKA__PARTITIONS: kafka.partitions: "
    )
    assert complaints("", VOLCROSS_KAFAK__X="0") == [
        "VOLCROSS_KAFAK__X: kafak: unknown key (did you mean 'kafka'?)"
    ]


@pytest.mark.parametrize(
    "variables",
    [
        {"VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL": "verysecret"},
        {"VOLCROSS_CHANNELS__SLACK": '["verysecret'},
        {"VOLCROSS_CHANNELS__SLACK": '["verysecret"]'},
        {"VOLCROSS_KAFKA__PASSWORD__X": "verysecret"},
        {"VOLCROSS_CHANNELS__EMAIL__PASSWORD": "verysecret"},
    ],
)
def test_no_complaint_repeats_a_secret(variables: dict[str, str]) -> None:
    assert "verysecret" not in "\n".join(complaints("", **variables))


def test_no_settings_print_a_secret() -> None:
    settings = composed("", VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL=SLACK)
    assert "verysecret" not in repr(settings)
    assert "verysecret" not in settings.model_dump_json()


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    assert complaints("", VOLCROSS_KAFKA__PASSWORD_FILE=str(missing)) == [
        f"VOLCROSS_KAFKA__PASSWORD_FILE: {missing}: No such file or directory"
    ]


def test_a_file_asked_for_and_missing_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "volcross.toml"
    with pytest.raises(ConfigError, match="No such file"):
        load(missing, {})
    with pytest.raises(ConfigError, match="No such file"):
        load(None, {"VOLCROSS_CONFIG": str(missing)})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "volcross.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(file, {})


def test_what_the_readme_writes_can_be_used() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    rule, channels = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert composed(rule).rules == composed("").rules
    password = {"VOLCROSS_CHANNELS__EMAIL__PASSWORD": "hush"}
    settings = composed(
        channels, VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL=SLACK, **password
    )
    assert settings.channels.names == ["slack", "email"]
    # Both secrets are asked for by the names that stand beside them.
    assert all(name in channels for name in password)
    assert "VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL" in channels


def test_what_is_written_about_feeds_can_be_used() -> None:
    text = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text("utf-8")
    tables = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(tables) == 2
    for table in tables:
        settings = composed(table)
        assert rivals(settings.sources) is None
        for name, source in settings.sources.items():
            open_source(source, name)


def test_keys_of_venues_come_from_the_environment_wherever_the_venue_stands() -> None:
    table = '[sources.ether]\nkind = "failover"\nprefer = [{}]\n'
    prefer = '{ kind = "kraken" }, { kind = "massive"%s }'
    settings = composed(
        table.format(prefer % ""), VOLCROSS_SOURCES__ETHER__PREFER__1__KEY="hush"
    )
    source = settings.sources["ether"]
    assert isinstance(source, FailoverSource)
    assert isinstance(source.prefer[1], MassiveSource)
    assert source.prefer[1].keys() == {"key": "hush"}
    (line,) = complaints(table.format(prefer % ', key = "hush"'))
    assert line.startswith(
        "volcross.toml: sources.ether.prefer.1.key: a secret does not belong in this"
        " file; set VOLCROSS_SOURCES__ETHER__PREFER__1__KEY"
    )
    assert "hush" not in line


def test_the_embedded_broker_is_ours_until_another_is_named() -> None:
    assert composed("").embedded
    assert composed("").reached().kafka.bootstrap_servers == "127.0.0.1:9092"
    other = composed("", VOLCROSS_KAFKA__BOOTSTRAP_SERVERS="kafka:9092")
    assert not other.embedded
    assert other.reached() == other


def test_the_variables_of_our_tests_are_no_settings() -> None:
    assert composed("", VOLCROSS_TEST_BROKER="kafka") == composed("")


def test_a_file_with_sources_of_its_own_has_those_only() -> None:
    assert list(composed("").sources) == ["deribit", "cboe"]
    told = composed("[sources.tale]\nkind = 'story'")
    assert list(told.sources) == ["tale"]
    assert [pair.name for pair in told.pairs] == ["NVDA/BTC"]


def test_what_the_example_only_mentions_can_be_used_as_it_stands() -> None:
    lines = []
    for line in EXAMPLE.read_text().splitlines()[12:]:
        shown = line.removeprefix("# ")
        lines.append(shown if shown.startswith("[") or " = " in shown else line)
    settings = composed(
        "\n".join(lines),
        VOLCROSS_KAFKA__PASSWORD="x",
        VOLCROSS_CHANNELS__SLACK__TOKEN="xoxb-x",
        VOLCROSS_CHANNELS__EMAIL__PASSWORD="x",
        VOLCROSS_CHANNELS__WEBHOOK__URL=SLACK,
        VOLCROSS_CHANNELS__ALERTMANAGER__URL=SLACK,
        VOLCROSS_CHANNELS__APPRISE__URLS='["json://localhost"]',
    )
    assert settings.kafka.sasl_mechanism == "SCRAM-SHA-512"
    assert {"slack", "email", "webhook"} <= set(settings.channels.names)
    assert "made-up" in settings.sources
    stocks = {"AVGO", "ASML", "QCOM", "AMD", "TSM", "META", "MSFT", "GOOGL"}
    assert stocks < settings.symbols.keys()
    assert {f"{stock}/BTC" for stock in stocks} < {pair.name for pair in settings.pairs}
    kinds = {"deribit", "cboe", "yahoo", "alpaca", "massive", "tastytrade", "failover"}
    live = {name: s for name, s in settings.sources.items() if s.kind in kinds}
    assert {source.kind for source in live.values()} == kinds
    assert rivals(live) is None
