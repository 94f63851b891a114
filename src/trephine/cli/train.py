# SPDX-License-Identifier: Apache-2.0
"""``trephine train``: a decoder from recordings with movement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from trephine.cli.options import AsJson, Override, SettingsFile
from trephine.cli.output import Bar, print_json, print_words


def command(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="RECORDING...", help="Files (.npz, .mat), in order of time.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DECODER", help="Folder to write.")],
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Train a decoder of velocity on recordings in which the movement is known."""
    from trephine.pipeline.decoding import decoding_settings, train_from

    chosen = decoding_settings(settings, override or [])
    bar = Bar()
    try:
        trained = train_from(
            recordings,
            output,
            settings=chosen,
            progress=lambda step, total, label: bar.step("train", step, total, label),
        )
    finally:
        bar.close()
    document: dict[str, Any] = {
        "schema_version": 1,
        "decoder": str(output),
        "sha256": trained.sha256,
        "kind": trained.decoder.kind,
        "chosen": dict(trained.decoder.chosen),
        "held_out_r2_share": trained.held_out,
        "findings": [finding.model_dump(mode="json") for finding in trained.findings],
    }
    if as_json:
        print_json(document)
        return 0
    share = 100 * (1 - chosen.unlabelled_share)
    print_words(
        f"{document['kind']} decoder {trained.sha256[:12]} in {output}",
        f"R² on the last {share:.0f} % of each recording, when trained on what comes before:",
        *(f"  {name}: {score:.3f}" for name, score in trained.held_out.items() if score is not None),
        *(f"{finding.severity:<8} {finding.code}: {finding.message}" for finding in trained.findings),
    )
    return 0
