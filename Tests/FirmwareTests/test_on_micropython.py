"""Every file of `on_micropython/`, run by real MicroPython: one case a file, one method a test."""

from __future__ import annotations

from firmware import ON_MICROPYTHON, suite

for path in sorted(ON_MICROPYTHON.glob("*_tests.py")):
    globals()[path.stem] = suite(path)
