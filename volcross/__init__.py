"""The front door: the `volcross` command; starts the rooms, computes nothing."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("volcross")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
