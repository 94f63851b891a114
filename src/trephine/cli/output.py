# SPDX-License-Identifier: Apache-2.0
"""What a command prints: one JSON document or words on stdout, progress and messages on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

_BAR_CELLS = 24
_REDRAW_S = 0.1


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print the one JSON document of a command on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_words(*lines: str) -> None:
    """Print lines for people on stdout."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def say(line: str) -> None:
    """Print a line for people on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align cells in columns; the last column keeps its length."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


class Bar:
    """Shows how far work has come: one line that redraws itself on a terminal, else one line a step.

    Parameters
    ----------
    stream
        Where to, stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._is_terminal = self._stream.isatty()
        self._drawn_at_s = 0.0
        self._is_open = False
        self._last = ""

    def step(self, name: str, done: int, total: int, label: str) -> None:
        """Show that ``done`` of ``total`` steps are finished and ``label`` comes next."""
        if not self._is_terminal:
            line = f"{name} {done}/{total} {label}"
            if line != self._last:
                self._write(f"{line}\n")
            self._last = line
            return
        now_s = time.monotonic()
        if now_s - self._drawn_at_s < _REDRAW_S and done < total:
            return
        self._drawn_at_s = now_s
        full = _BAR_CELLS * done // max(total, 1)
        self._write(f"\r\x1b[K{name:<10} [{'█' * full}{'·' * (_BAR_CELLS - full)}] {done}/{total} {label}")
        self._is_open = True

    def line(self, text: str) -> None:
        """Print a line of its own, after what was drawn."""
        self.close()
        self._write(f"{text}\n")

    def close(self) -> None:
        """Clear what was drawn."""
        if self._is_open:
            self._write("\r\x1b[K")
            self._is_open = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
