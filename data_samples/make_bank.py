"""Make the invented sample bank: python data_samples/make_bank.py [--to FOLDER] [--seed NUMBER]

The same seed always gives the same files. Everything in them is invented; bank/README.md says what is planted where.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bank_maker.bank import make

SEED = 20260630


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the invented sample bank.")
    parser.add_argument("--to", type=Path, default=Path(__file__).resolve().parent / "bank")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    make(options.to, options.seed)


if __name__ == "__main__":
    main()
