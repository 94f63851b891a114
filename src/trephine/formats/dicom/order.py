# SPDX-License-Identifier: Apache-2.0
"""Slices of a stack put in order by their positions, with every slice there exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.core.findings import Finding, Severity
from trephine.formats.dicom.gaps import (
    gap_after,
    is_explained_by_even_steps,
    numbering_step,
    numbers_between,
    steps_of,
)
from trephine.formats.dicom.picture import Picture, placed
from trephine.formats.dicom.pixels import digest
from trephine.formats.dicom.repetitions import in_repetitions
from trephine.formats.dicom.stacks import Stack

_SAME_PLACE_MM = 0.02
"""Slices closer than this lie at one place: headers keep two decimals at least."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ordered:
    """A stack in order.

    Parameters
    ----------
    pictures
        Repetitions, each with its slices along the normal; one repetition unless it is a series.
    at_mm
        Where the slices' corners lie along the normal, rising, shape (slice,).
    """

    pictures: tuple[tuple[Picture, ...], ...]
    at_mm: AnyArray

    @property
    def first(self) -> Picture:
        """The first slice of the first repetition."""
        return self.pictures[0][0]


def ordered(stack: Stack) -> tuple[Ordered, tuple[Finding, ...]]:
    """Put a stack in order.

    Parameters
    ----------
    stack
        Slices that look alike.

    Returns
    -------
    Ordered
        Every slice once.
    tuple of Finding
        Doubles dropped, numbers skipped, an unknown start.

    Raises
    ------
    FormatError
        If a slice has no place, is missing, or two different pictures lie at one place; each is named by its
        number.
    """
    _check_placed(stack)
    pictures, findings = _without_copies(stack.pictures)
    normal = normal_of(pictures[0])
    where_mm = np.array([float(placed(picture)[0] @ normal) for picture in pictures])
    order = np.argsort(where_mm, kind="stable")
    starts = np.flatnonzero(np.diff(where_mm[order], prepend=-np.inf) > _SAME_PLACE_MM)
    places = [[pictures[index] for index in part] for part in np.split(order, starts[1:])]
    _check_depth(places)
    places, more = _singled(places)
    at_mm = where_mm[order][starts]
    gaps = _check_gaps(stack, places, at_mm)
    return (
        Ordered(pictures=in_repetitions(places), at_mm=at_mm),
        (*findings, *more, *gaps, *_start(stack, places)),
    )


def normal_of(picture: Picture) -> AnyArray:
    """Return the unit vector upright on a slice, RAS, shape (3,)."""
    _, row, column, _ = placed(picture)
    normal = np.cross(row, column)
    return normal / np.linalg.norm(normal)


def named(picture: Picture) -> str:
    """Name a slice for people: its number and height."""
    number = "without a number" if picture.number is None else f"InstanceNumber {picture.number}"
    height = "" if picture.corner_mm is None else f" at z = {picture.corner_mm[2]:.1f} mm"
    return number + height


def _check_placed(stack: Stack) -> None:
    lost = [picture for picture in stack.pictures if not picture.is_placed]
    if not lost:
        return
    count = "all" if len(lost) == len(stack.pictures) else str(len(lost))
    raise FormatError.because(
        where="ImagePositionPatient, ImageOrientationPatient and PixelSpacing",
        found=f"{count} of {len(stack.pictures)} slices that do not say where they lie, first "
        f"{named(lost[0])} in {lost[0].path.name}",
        expected="position, orientation and spacing in every slice",
        remedy="Export the series anew as original images; a place cannot be guessed from file order "
        "(ImagerPixelSpacing is that of the detector and does not serve).",
    )


def _check_depth(places: list[list[Picture]]) -> None:
    if len(places) > 1:
        return
    raise FormatError.because(
        where="slices",
        found=f"all {len(places[0])} pictures at one place",
        expected="slices at two places or more",
        remedy="Leave this series out: it is no volume.",
    )


def _without_copies(pictures: tuple[Picture, ...]) -> tuple[list[Picture], list[Finding]]:
    """Drop files that hold one and the same picture by its identifier."""
    seen: dict[tuple[object, ...], Picture] = {}
    dropped = 0
    for picture in pictures:
        key = (picture.header.word("SOPInstanceUID") or str(picture.path), picture.frame, picture.tile)
        if key not in seen:
            seen[key] = picture
        elif digest(picture) == digest(seen[key]):
            dropped += 1
        else:
            _refuse_pair(seen[key], picture)
    return list(seen.values()), _dropped(dropped)


def _singled(places: list[list[Picture]]) -> tuple[list[list[Picture]], list[Finding]]:
    """Drop doubles with identical pixels where slices are not repeated on purpose."""
    counts = Counter(len(place) for place in places)
    usual = counts.most_common(1)[0][0]
    if usual > 1 and not _are_all_doubles(places):
        return places, []
    kept: list[list[Picture]] = []
    for place in places:
        different = [picture for picture in place[1:] if digest(picture) != digest(place[0])]
        if different:
            _refuse_pair(place[0], different[0])
        kept.append(place[:1])
    return kept, _dropped(sum(len(place) - 1 for place in places))


def _are_all_doubles(places: list[list[Picture]]) -> bool:
    """Whether every place holds one picture several times over: a whole series exported twice."""
    return all(len({digest(picture) for picture in place}) == 1 for place in places)


def _dropped(count: int) -> list[Finding]:
    if not count:
        return []
    return [
        Finding(
            code="DUPLICATE_SLICES_DROPPED",
            severity=Severity.NOTE,
            message=f"{count} slices were there twice with identical pixels; one of each was kept.",
            value=float(count),
            unit="1",
        )
    ]


def _refuse_pair(first: Picture, second: Picture) -> None:
    raise FormatError.because(
        where=f"{first.path.name} and {second.path.name}",
        found=f"two different pictures at one place: {named(first)} and {named(second)}",
        expected="one picture a place",
        remedy="Find out which one is right (a repeated or reprocessed slice) and take the other away.",
    )


def _check_gaps(stack: Stack, places: list[list[Picture]], at_mm: AnyArray) -> list[Finding]:
    """Refuse missing slices; note numbers that are skipped where positions are even."""
    step_mm = steps_of(at_mm)
    wide = gap_after(step_mm)
    missing: list[tuple[int, tuple[int, ...], int]] = []
    skipped: list[int] = []
    for index in range(len(step_mm)):
        below, above = places[index][0].number, places[index + 1][0].number
        lost: tuple[int, ...] = ()
        if below is not None and above is not None and len(places[index]) == 1:
            lost = numbers_between(below, above, stack.series_numbers)
        if lost and is_explained_by_even_steps(step_mm, index):
            skipped.extend(lost)
        elif lost or index in wide:
            missing.append((index, lost, len(lost) or wide[index]))
    if missing:
        _refuse_missing(places, missing)
    if not skipped:
        return []
    words = ", ".join(str(number) for number in skipped[:5])
    return [
        Finding(
            code="SLICE_NUMBERS_SKIPPED",
            severity=Severity.NOTE,
            message=f"{len(skipped)} slice numbers are not there ({words}), but the slices lie evenly: "
            "nothing is missing between them.",
        )
    ]


def _refuse_missing(places: list[list[Picture]], missing: list[tuple[int, tuple[int, ...], int]]) -> None:
    total = len(places) + sum(count for _, _, count in missing)
    said, passed = [], 0
    for index, lost, count in missing:
        at = index + 2 + passed
        which = f"slice {at}" if count == 1 else f"slices {at} to {at + count - 1}"
        numbers = f" (InstanceNumber {', '.join(str(number) for number in lost)})" if lost else ""
        said.append(
            f"{which} of {total}{numbers} missing between {named(places[index][0])} and "
            f"{named(places[index + 1][0])}"
        )
        passed += count
    raise FormatError.because(
        where="slices",
        found="; ".join(said),
        expected="every slice of the scan",
        remedy="Fetch the missing slices from the archive; a gap is never filled by guessing.",
    )


def _start(stack: Stack, places: list[list[Picture]]) -> list[Finding]:
    """Hold the first number and the stated count against what is there."""
    stated = stack.first.header.integer("ImagesInAcquisition")
    acquisitions = {picture.header.integer("AcquisitionNumber") for place in places for picture in place}
    if stated and len(acquisitions) == 1 and stated > max(len(stack.series_numbers), len(stack.pictures)):
        raise FormatError.because(
            where="ImagesInAcquisition",
            found=f"{len(stack.pictures)} pictures",
            expected=f"{stated}, as the header states",
            remedy="Fetch the missing slices, which may lie at an end of the scan.",
        )
    numbers = stack.series_numbers
    if not numbers or min(numbers) <= numbering_step(numbers):
        return []
    return [
        Finding(
            code="FIRST_SLICE_MAY_BE_MISSING",
            severity=Severity.WARN,
            message=f"The lowest slice number of the series is {min(numbers)}: slices before it may be "
            "missing at an end of the scan, where no gap can show it.",
            value=float(min(numbers)),
            limit=1.0,
            unit="1",
        )
    ]
