"""`python -m tallymetrics`."""

from tallymetrics.cli import main

if __name__ == "__main__":
    main()
