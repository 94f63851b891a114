"""The whole path on three digital participants at 1 mm, against their known answers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from trephine.bench.known_answers import Score, score
from trephine.bench.row import Row
from trephine.case.store import Case
from trephine.core.progress import Progress

SEEDS = (1, 2, 3)
UNITS = {"_mm": ("mm", "lower"), "_dice": ("1", "higher"), "placed": ("1", "higher"), "": ("1", "lower")}


def person(folder: Path, seed: int) -> tuple[Score, float]:
    """Make and plan one person; return the score and the seconds of the path, report included."""
    study = folder / f"seed-{seed}"
    trephine = [sys.executable, "-m", "trephine.cli.main"]
    subprocess.run([*trephine, "phantom", study, "--seed", str(seed)], check=True, capture_output=True)
    start = time.perf_counter()
    subprocess.run([*trephine, "run", study, "sub-01"], check=False, capture_output=True)
    spent = time.perf_counter() - start
    return score(Case.of(study, "sub-01"), study / "derivatives" / "phantom" / "sub-01"), spent


def rows(progress: Progress) -> Iterator[Row]:
    """Give every figure of every person."""
    nobody = {"peer": None, "peer_name": None, "peer_version": None}
    with tempfile.TemporaryDirectory() as folder:
        for place, seed in enumerate(SEEDS):
            progress(place, len(SEEDS), f"seed {seed}")
            found, spent = person(Path(folder), seed)
            work = f"digital participant, seed {seed}, 1 mm"
            yield Row(
                work=work, figure="time of the whole path", unit="s", better="lower", ours=spent, **nobody
            )
            for name, value in asdict(found).items():
                unit, better = next(said for ending, said in UNITS.items() if name.endswith(ending))
                yield Row(work=work, figure=name, unit=unit, better=better, ours=value, **nobody)
