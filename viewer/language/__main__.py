"""Puts words that are new in the code into the catalogues, and takes out those that are gone; needs babel, the extra [dev]."""

from __future__ import annotations

from viewer.language.gather import renew


def main() -> None:
    for line in renew():
        print(line)


main()
