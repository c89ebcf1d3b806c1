"""The volatility engine beside its peers, in one run: chain, solver, rolling."""

import argparse

from benchmarks.implied import chains, solver
from benchmarks.realised import rolling, sampled


def main() -> None:
    """Run the races."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    chains(rounds)
    solver(2 * rounds)
    rolling(rounds)
    sampled(rounds)


if __name__ == "__main__":
    main()
