"""``python -m volcross``, and the `volcross` command: both begin here."""

import sys


def main() -> None:
    """Run the command line.

    Its imports take a second, in which Ctrl-C is no news either.
    """
    try:
        from volcross import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
