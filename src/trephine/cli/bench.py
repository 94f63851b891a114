# SPDX-License-Identifier: Apache-2.0
"""``trephine bench``: our figures beside the peers', measured in one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.options import AsJson
from trephine.cli.output import Bar, print_json, print_words, say, table

if TYPE_CHECKING:
    from trephine.bench.row import Row


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One benchmark; all without.")] = None,
    folder: Annotated[Path, typer.Option("--folder", help="Where the benchmarks lie.")] = Path("benchmarks"),
    as_json: AsJson = False,
) -> int:
    """Measure our figures beside the peers' on the same work."""
    from trephine.bench.run import names, run

    bar = Bar()
    results = [
        run(folder, each, progress=lambda done, total, label, each=each: bar.step(each, done, total, label))
        for each in ([name] if name else names(folder))
    ]
    bar.close()
    if as_json:
        print_json([result.model_dump(mode="json") for result in results])
        return 0
    for result in results:
        machine = result.machine
        say(f"{result.name}: {machine.processor}, {machine.core_count} cores, Python {machine.python}")
        print_words(*table([["work", "figure", "ours", "peer", "ratio", "unit"], *map(_words, result.rows)]))
        print_words(*(f"note: {note}" for note in dict.fromkeys(row.note for row in result.rows if row.note)))
    return 0


def _words(row: Row) -> list[str]:
    peer = "none" if row.peer is None else f"{row.peer:.4g} ({row.peer_name} {row.peer_version})"
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}, {row.better} is better"
    return [row.work, row.figure, f"{row.ours:.4g}", peer, ratio, row.unit]
