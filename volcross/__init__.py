"""The front door: the `volcross` command; starts the rooms, computes nothing."""


def __getattr__(name: str) -> str:
    # Looked up when asked for: importlib.metadata is half the time of --help.
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("volcross")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
