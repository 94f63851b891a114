# SPDX-License-Identifier: Apache-2.0
"""``trephine decode``: velocity from a recording."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.options import AsJson, Override, SettingsFile
from trephine.cli.output import Bar, print_json, print_words


class Learn(StrEnum):
    """What may be learned from the first part of the recording, without labels."""

    NONE = "none"
    SCALE = "scale"
    LATENT = "latent"


def command(
    decoder: Annotated[Path, typer.Argument(metavar="DECODER", help="Folder that `trephine train` wrote.")],
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="File (.npz, .mat).")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the results go.")
    ] = Path("decoded"),
    learn: Annotated[
        Learn,
        typer.Option(
            "--learn",
            help="From the first part, without labels: nothing; each channel's scale; how each channel shows "
            "the remembered latents.",
        ),
    ] = Learn.SCALE,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Decode velocity, each bin from what came before it; write it with a summary and a page."""
    from trephine.pipeline.decoding import decode_file, decoding_settings
    from trephine.report.decoding import write

    bar = Bar()
    try:
        summary = decode_file(
            decoder,
            recording,
            output,
            settings=decoding_settings(settings, override or []),
            adaptation=learn.value,
            draw=write,
            progress=lambda step, total, label: bar.step("decode", step, total, label),
        )
    finally:
        bar.close()
    if as_json:
        print_json(summary)
        return 0
    score = "not known" if summary["r2_share"] is None else f"{summary['r2_share']:.3f}"
    start_s = summary["first_bin_scored"] * summary["bin_s"]
    print_words(
        f"{summary['recording']['name']}: R² {score} from {start_s:.0f} s on; used {summary['information']}",
        *(f"{one['severity']:<8} {one['code']}: {one['message']}" for one in summary["findings"]),
        f"page: {output / summary['page']}",
    )
    return 0
