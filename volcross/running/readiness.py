"""Whether the rooms that read Kafka have taken their places."""

from streams.settings import Kafka
from volcross.running.provisioning import admin

# Named here because importing `streams.app` would load Faust to learn a word.
STREAMS_GROUP = "volcross-streams"
ALERTS_GROUP = "volcross-alerts"
GROUPS = (STREAMS_GROUP, ALERTS_GROUP)


def absent(kafka: Kafka, within: float = 5.0) -> list[str]:
    """Return the consumer groups nobody is a settled member of.

    Args:
        kafka: the cluster.
        within: seconds the broker has to answer.

    Raises:
        Unreachable: it does not.
    """
    names = [kafka.topic_prefix + name for name in GROUPS]
    with admin(kafka, within) as cluster:
        found = cluster.describe_groups(names)
    groups = found.values() if isinstance(found, dict) else found
    settled = {
        group["group_id"]
        for group in groups
        if group["group_state"] == "Stable" and group["members"]
    }
    return [name for name in names if name not in settled]
