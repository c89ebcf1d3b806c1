from importlib import import_module

from volcross.running.readiness import ALERTS_GROUP, STREAMS_GROUP


def test_the_groups_waited_for_are_the_ones_the_rooms_join() -> None:
    # In another process than the rest of the rooms these would be two registries.
    assert import_module("streams.app").GROUP == STREAMS_GROUP
    assert import_module("alerts.app").GROUP == ALERTS_GROUP
