"""``python -m volcross``: the same as the `volcross` command."""

from volcross.cli import main

main()
