# SPDX-License-Identifier: Apache-2.0
"""From files of recordings to a decoder, and from a decoder and a recording to velocity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trephine.case.decoder_folder import decoder_hash, read_decoder, write_decoder
from trephine.case.disk import json_bytes, write_atomically
from trephine.core.findings import Finding
from trephine.core.progress import Progress, part_of, silent
from trephine.formats.recordings import read_recording
from trephine.model.decoder import Adaptation, Decoded, Decoder
from trephine.model.recording import Recording
from trephine.pipeline.settings import resolve
from trephine.stages.decoding import VERSION
from trephine.stages.decoding.decode import decode
from trephine.stages.decoding.settings import Settings
from trephine.stages.decoding.train import train

Draw = Callable[[Path, Decoded, Recording], None]
"""Draws a page of what was decoded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A decoder on disk.

    Parameters
    ----------
    decoder
        Trained on all bins.
    sha256
        Its hash.
    held_out
        Share of variance explained on the last part of each recording, by a decoder trained on the first
        parts.
    findings
        What was noticed.
    """

    decoder: Decoder
    sha256: str
    held_out: dict[str, float | None]
    findings: tuple[Finding, ...]


def decoding_settings(file: Path | None, overrides: Sequence[str]) -> Settings:
    """Work out the settings of section ``decoding``.

    Raises
    ------
    ConfigError
        If a name is unknown or a value out of range.
    """
    settings = resolve({"decoding": Settings}, file=file, overrides=overrides)["decoding"]
    return Settings.model_validate(settings.model_dump())


def train_from(
    paths: Sequence[Path], folder: Path, *, settings: Settings, progress: Progress = silent
) -> Trained:
    """Train a decoder on files, tell what it is worth on bins it has not seen, and write it.

    Parameters
    ----------
    paths
        Recordings, in the order in which they were made.
    folder
        Where the decoder goes.
    settings
        Method and sizes.
    progress
        Told as it goes on.

    Raises
    ------
    InputError
        If a file is refused, or the recordings do not go together.
    """
    recordings = [read_recording(path) for path in paths]
    cuts = [int(settings.unlabelled_share * len(each.counts)) for each in recordings]
    trial = train(
        recordings, settings=settings, first_bins=cuts, progress=part_of(progress, 0, 50, 100)
    ).value
    adaptation: Adaptation = "scale" if settings.scaling == "own" else "none"
    held_out = {
        each.name: decode(trial, each, settings=settings, adaptation=adaptation).value.r2_share
        for each in recordings
    }
    outcome = train(recordings, settings=settings, progress=part_of(progress, 50, 99, 100))
    sha256 = write_decoder(folder, outcome.value, stage_version=VERSION)
    progress(100, 100, "trained")
    return Trained(decoder=outcome.value, sha256=sha256, held_out=held_out, findings=outcome.findings)


def decode_file(
    folder: Path,
    path: Path,
    output: Path,
    *,
    settings: Settings,
    adaptation: Adaptation,
    draw: Draw,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Decode one file and write velocity, a summary and a page.

    Parameters
    ----------
    folder
        The decoder's.
    path
        The recording's.
    output
        Folder for the results.
    settings, adaptation
        As ``stages.decoding.decode`` takes them.
    draw
        Draws the page.
    progress
        Told as it goes on.

    Returns
    -------
    dict
        The summary, as written.

    Raises
    ------
    InputError
        If the decoder or the recording is refused, or they do not go together.
    """
    decoder, recording = read_decoder(folder), read_recording(path)
    outcome = decode(decoder, recording, settings=settings, adaptation=adaptation, progress=progress)
    decoded = outcome.value
    table = output / f"{recording.name}_velocity.tsv"
    write_atomically(table, _table(decoded))
    page = output / f"{recording.name}_decoded.html"
    draw(page, decoded, recording)
    summary = {
        "schema_version": 1,
        "recording": {"name": recording.name, "sha256": recording.sha256},
        "decoder": {"kind": decoder.kind, "sha256": decoder_hash(folder)},
        "adaptation": decoded.adaptation,
        "information": decoded.information,
        "first_bin_scored": decoded.first_bin,
        "bins": len(decoded.velocity),
        "bin_s": decoded.bin_s,
        "r2_share": decoded.r2_share,
        "length_unit": decoded.length_unit,
        "velocity": table.name,
        "page": page.name,
        "findings": [finding.model_dump(mode="json") for finding in outcome.findings],
    }
    write_atomically(output / f"{recording.name}_decoded.json", json_bytes(summary))
    return summary


def _table(decoded: Decoded) -> bytes:
    time_s = np.arange(1, len(decoded.velocity) + 1) * decoded.bin_s
    rows = np.column_stack([time_s, decoded.velocity])
    lines = ["bin_end_s\tx_per_s\ty_per_s", *("\t".join(f"{n:.6g}" for n in row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
