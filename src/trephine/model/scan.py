# SPDX-License-Identifier: Apache-2.0
"""A further scan of the head beside the planning T1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trephine.core.frames import Frame
from trephine.model.volume import Volume


class ScanKind(StrEnum):
    """What a scan shows.

    Values are also the scan's name in file names, findings and pictures.
    """

    T2W = "t2w"
    PDW = "pdw"
    SWI = "swi"
    """Susceptibility-weighted: veins are dark."""
    CE_T1W = "cet1w"
    """T1-weighted with contrast agent: vessels are bright."""
    MRA = "angio"
    """Time-of-flight or contrast MR angiography: vessels are bright."""
    CTA = "cta"
    """CT angiography: Hounsfield units, vessels and bone are bright."""
    CT = "ct"

    @property
    def is_hounsfield(self) -> bool:
        """Whether values are Hounsfield units."""
        return self in (ScanKind.CT, ScanKind.CTA)

    @property
    def frame(self) -> Frame:
        """The scan's own frame: as its header says."""
        return Frame(self.value)

    @property
    def shows_vessels(self) -> bool:
        """Whether vessels can be labelled in it."""
        return self in (ScanKind.SWI, ScanKind.CE_T1W, ScanKind.MRA, ScanKind.CTA)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """A further scan in its own frame.

    Parameters
    ----------
    kind
        What it shows.
    volume
        Its values, on a grid in a frame of its own.
    """

    kind: ScanKind
    volume: Volume
