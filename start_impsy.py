#!/usr/bin/env python3
"""Start impsy from a checkout, as musicians know it: `./start_impsy.py run`."""

from impsy.cli.main import main

if __name__ == "__main__":
    main()
