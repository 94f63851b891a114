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
DONE = (0, 4)
"""Exit codes of a finished run: nothing blocks, or a finding does."""
UNITS = {"_mm": ("mm", "lower"), "_dice": ("1", "higher"), "placed": ("1", "higher"), "": ("1", "lower")}


def person(folder: Path, seed: int) -> tuple[Score, float]:
    """Make and plan one person; return the score and the seconds of the path, report included."""
    study = folder / f"seed-{seed}"
    trephine = [sys.executable, "-m", "trephine.cli.main"]
    subprocess.run([*trephine, "phantom", study, "--seed", str(seed)], check=True, capture_output=True)
    start = time.perf_counter()
    ran = subprocess.run([*trephine, "run", study, "sub-01"], check=False, capture_output=True, text=True)
    spent = time.perf_counter() - start
    if ran.returncode not in DONE:
        raise RuntimeError(f"seed {seed} ended with exit code {ran.returncode}: {ran.stderr[-2000:]}")
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
