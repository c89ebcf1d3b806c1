"""How the alerts' properties are tried."""

from hypothesis import settings

# A machine shared by several test runs is slow by fits and starts.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
