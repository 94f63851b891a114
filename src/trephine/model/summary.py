# SPDX-License-Identifier: Apache-2.0
"""Headline figures of a stage, for programs and people."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.core.findings import Finding

_USED = ".used"


class Headline(BaseModel):
    """One figure.

    Parameters
    ----------
    name
        Dotted name, such as ``right.centroid_scanner`` or ``threads_placed``.
    value
        A number, a position of three numbers, a word, or nothing when not known.
    unit
        Unit of the number; ``1`` for a count or share, ``word`` for a word.
    frame
        Frame of a position.
    low, high
        95 % interval in ``unit``, where known.
    label
        What it is, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float | int | str | tuple[float, float, float] | None
    unit: str
    frame: str | None = None
    low: float | None = None
    high: float | None = None
    label: str


class StageSummary(BaseModel):
    """What one stage of one person ended with: its receipt.

    Parameters
    ----------
    schema_version
        Version of this layout.
    stage, stage_version
        Which stage, and the version of its method.
    settings
        Every setting used.
    settings_sha256
        Hash of their canonical JSON.
    inputs
        Name of each input (a BIDS URI or an upstream stage) to the SHA-256 of its content.
    outputs
        Path of each file written, relative to the participant's folder, to its SHA-256.
    headlines, findings
        The figures and what was noticed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    stage: str
    stage_version: str
    settings: dict[str, object]
    settings_sha256: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    headlines: tuple[Headline, ...]
    findings: tuple[Finding, ...]

    @property
    def registrations(self) -> tuple[str, ...]:
        """Names of the registrations that the stage rests on: a person must approve each of them.

        The stage says so by a headline ``<name>.used`` with the value ``yes``.
        """
        return tuple(
            line.name.removesuffix(_USED)
            for line in self.headlines
            if line.name.endswith(_USED) and line.value == "yes"
        )
