# SPDX-License-Identifier: Apache-2.0
"""Slices sorted into stacks that may be one volume each, and the stacks that are left aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from trephine.formats.dicom.picture import Picture

_SAME_DIRECTION = 0.005
"""Largest difference between unit vectors of one stack: 0.3 degrees. Assumed; scanners repeat six digits."""
_SAME_SPACING_FRACTION = 0.001
_FEWEST_SLICES = 3
_SCOUT_SLICES = 15
"""A series with several orientations of at most so many slices each is a scout. Assumed."""
_OTHER_MODALITIES = frozenset(
    {"CR", "DX", "MG", "NM", "OT", "PT", "RF", "RTDOSE", "RTSTRUCT", "SC", "SEG", "US", "XA"}
)
_SCOUT_WORDS = ("LOCALIZER", "LOCALISER", "SCOUT", "SURVEY", "TOPOGRAM", "SCANOGRAM", "3-PLANE", "3PLANE")
_TELLING = frozenset(
    {"M", "W", "F", "WATER", "FAT", "IN_PHASE", "OUT_PHASE", "OPP_PHASE", "SWI", "UNI", "INV1", "INV2",
     "MOSAIC", "DIS2D", "DIS3D", "ND", "NORM", "LOCALIZER", "T1", "T2", "PD", "DIFFUSION", "PERFUSION",
     "VPCT", "MIXED"}
)  # fmt: skip
"""Words of ImageType that tell pictures of one series apart. Others, such as ADD, do not."""
_COMPUTED = {
    "MIP": "a maximum intensity projection",
    "MNIP": "a minimum intensity projection",
    "MINIP": "a minimum intensity projection",
    "PROJECTION IMAGE": "a projection",
    "MPR": "a reformatted picture",
    "REFORMATTED": "a reformatted picture",
    "SUBTRACT": "a subtraction",
    "SUB": "a subtraction",
    "ADC": "a diffusion map",
    "TRACEW": "a diffusion map",
    "FA": "a diffusion map",
    "TENSOR": "a diffusion map",
    "T1 MAP": "a relaxation map",
    "T2 MAP": "a relaxation map",
    "CSA REPORT": "a report",
    "PHASE": "a phase picture",
    "P": "a phase picture",
    "PHASE MAP": "a phase picture",
    "REAL": "one part of a complex picture",
    "IMAGINARY": "one part of a complex picture",
    "R": "one part of a complex picture",
    "I": "one part of a complex picture",
    "MOCO": "a motion-corrected copy",
    "SCREEN SAVE": "a screen picture",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """Slices of one series that look alike: same size, direction, echo and kind of picture.

    Parameters
    ----------
    pictures
        In the order of the files' names.
    series_numbers
        Numbers of all pictures of the series, of other stacks too.
    aside
        Why the stack is not wanted; empty where it is.
    """

    pictures: tuple[Picture, ...]
    series_numbers: frozenset[int]
    aside: str = ""

    @property
    def first(self) -> Picture:
        """Any of the pictures: what they share may be read from it."""
        return self.pictures[0]


def sort_into_stacks(pictures: Iterable[Picture]) -> tuple[Stack, ...]:
    """Sort slices into stacks, in the order of the scanner's series numbers.

    Parameters
    ----------
    pictures
        Of one person.

    Returns
    -------
    tuple of Stack
        Every slice is in exactly one.
    """
    series: dict[str, list[Picture]] = {}
    for picture in pictures:
        series.setdefault(picture.series, []).append(picture)
    ordered = sorted(series.items(), key=lambda item: (_scanner_number(item[1][0]), item[0]))
    return tuple(stack for _, members in ordered for stack in _stacks_of(members))


def _scanner_number(picture: Picture) -> int:
    number = picture.header.integer("SeriesNumber")
    return 1_000_000 if number is None else number


def _stacks_of(members: list[Picture]) -> list[Stack]:
    numbers = frozenset(picture.number for picture in members if picture.number is not None)
    groups: list[list[Picture]] = []
    for picture in members:
        home = next((group for group in groups if _belongs(picture, group[0])), None)
        if home is None:
            groups.append([picture])
        else:
            home.append(picture)
    groups = [part for group in groups for part in _by_kernel(group)]
    sizes = [len(group) for group in groups]
    is_scout = len({_direction(group[0]) for group in groups}) > 1 and max(sizes) <= _SCOUT_SLICES
    return [
        Stack(pictures=tuple(group), series_numbers=numbers, aside=_aside(group, is_scout=is_scout))
        for group in groups
    ]


def _belongs(picture: Picture, other: Picture) -> bool:
    """Whether two slices of a series look alike; a slice without a place goes with its like."""
    fields = ("EchoNumbers", "EchoTime", "EffectiveEchoTime", "PhotometricInterpretation", "StackID",
              "ComplexImageComponent")  # fmt: skip
    if picture.shape != other.shape or _type_of(picture) != _type_of(other):
        return False
    if any(picture.header.words(name) != other.header.words(name) for name in fields):
        return False
    if not (picture.is_placed and other.is_placed):
        return True
    for name in ("along_row", "along_column"):
        if float(np.abs(getattr(picture, name) - getattr(other, name)).max()) > _SAME_DIRECTION:
            return False
    return np.allclose(picture.spacing_mm or (), other.spacing_mm or (), rtol=_SAME_SPACING_FRACTION, atol=0)


def _type_of(picture: Picture) -> tuple[str, ...]:
    """Return origin, rank and the telling words of a picture's type."""
    kinds = (*picture.header.words("ImageType"), *picture.header.words("FrameType"))
    return (*kinds[:2], *sorted(set(kinds[2:]) & (_TELLING | _COMPUTED.keys())))


def _by_kernel(group: list[Picture]) -> list[list[Picture]]:
    """Split by the kernel of reconstruction where one place was computed with several.

    Base and vault of one head may have different kernels: then no place has two, and they stay together.
    """
    kernels: dict[str, list[Picture]] = {}
    for picture in group:
        kernels.setdefault(picture.header.word("ConvolutionKernel"), []).append(picture)
    places = [
        {tuple(np.round(picture.corner_mm, 1)) for picture in part if picture.corner_mm is not None}
        for part in kernels.values()
    ]
    total = len(set().union(*places))
    return [group] if total == sum(len(part) for part in places) else list(kernels.values())


def _direction(picture: Picture) -> tuple[int, ...]:
    """Return the slice's normal, coarsely."""
    if picture.along_row is None or picture.along_column is None:
        return ()
    return tuple(int(part) for part in np.rint(2 * np.cross(picture.along_row, picture.along_column)))


def _aside(group: list[Picture], *, is_scout: bool) -> str:
    """Say why a stack is no scan to plan with; empty where it may be one."""
    header = group[0].header
    modality, kinds = header.word("Modality"), (*header.words("ImageType"), *header.words("FrameType"))
    words = f"{header.word('SeriesDescription')} {header.word('ProtocolName')}"
    if modality not in ("CT", "MR"):
        return f"of modality {modality if modality in _OTHER_MODALITIES else 'unknown'}, not CT or MR"
    if (header.integer("SamplesPerPixel") or 1) != 1:
        return "a colour picture"
    if header.word("PhotometricInterpretation") != "MONOCHROME2":
        return "not of black-to-white brightness (MONOCHROME2)"
    if "SECONDARY CAPTURE" in header.word("SOPClassUID") or header.word("SOPClassUID").startswith(
        "1.2.840.10008.5.1.4.1.1.7"
    ):
        return "a secondary capture (a picture of a screen or a scanned film)"
    if "LOCALIZER" in kinds or any(word in words for word in _SCOUT_WORDS) or is_scout:
        return "a scout (localizer)"
    for kind in kinds[2:] if kinds[:1] == ("ORIGINAL",) else kinds:
        if kind in _COMPUTED:
            return f"computed: {_COMPUTED[kind]}"
    if kinds[:1] == ("DERIVED",) and "SECONDARY" in kinds[1:2]:
        return "computed from other pictures (DERIVED, SECONDARY)"
    if len(group) < _FEWEST_SLICES:
        return f"{len(group)} slices only"
    return ""
