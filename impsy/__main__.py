"""`python -m impsy`."""

from impsy.cli.main import main

if __name__ == "__main__":
    main()
