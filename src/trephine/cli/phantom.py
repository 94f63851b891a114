# SPDX-License-Identifier: Apache-2.0
"""``trephine phantom``: make a digital participant with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trephine.cli.options import AsJson
from trephine.cli.output import Bar, print_json, print_words

Craniotomy = Literal["none", "flap", "plate", "open"]


def command(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the study to make.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed is another person.")] = 1,
    voxel_mm: Annotated[
        float, typer.Option("--voxel-mm", min=0.8, max=4.0, help="Edge of a T1 voxel.")
    ] = 1.0,
    craniotomy: Annotated[
        Craniotomy, typer.Option("--craniotomy", help="Earlier operation on the vault.")
    ] = "none",
    atrophy_mm: Annotated[
        float,
        typer.Option(
            "--atrophy",
            metavar="MM",
            min=0.0,
            max=1.5,
            help="Layer lost along the pia; ventricles lose twice.",
        ),
    ] = 0.0,
    as_json: AsJson = False,
) -> int:
    """Write a digital participant as a BIDS study."""
    make(out, seed=seed, voxel_mm=voxel_mm, craniotomy=craniotomy, atrophy_mm=atrophy_mm)
    if as_json:
        made = {"study": str(out), "seed": seed, "voxel_mm": voxel_mm}
        changed = {"craniotomy": craniotomy, "atrophy_mm": atrophy_mm}
        print_json({"schema_version": 1, **made, **changed})
    else:
        print_words(f"study: {out}")
    return 0


def make(
    out: Path, *, seed: int, voxel_mm: float, craniotomy: Craniotomy = "none", atrophy_mm: float = 0.0
) -> None:
    """Make the study beside its place and move it there when it is whole, with progress on stderr."""
    import shutil

    from trephine.case.disk import guarded
    from trephine.phantom.settings import Settings
    from trephine.phantom.study import make_study

    bar = Bar()

    def progress(done: int, total: int, label: str) -> None:
        bar.step("phantom", done, total, label)

    settings = Settings(seed=seed, voxel_mm=voxel_mm, craniotomy=craniotomy, atrophy_mm=atrophy_mm)
    is_new = not out.exists() or not any(out.iterdir())
    place = out.resolve().with_name(f".{out.resolve().name}.partial") if is_new else out
    with guarded(place):
        if is_new:
            shutil.rmtree(place, ignore_errors=True)
        make_study(place, settings, progress=progress)
        if is_new:
            place.replace(out)
    bar.close()
