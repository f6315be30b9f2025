"""`python -m riskkit` is `riskkit`."""

from riskkit.cli import main

if __name__ == "__main__":
    main()
