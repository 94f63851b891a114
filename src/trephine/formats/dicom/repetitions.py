# SPDX-License-Identifier: Apache-2.0
"""Pictures that lie at one place because the scan was repeated, told apart by time."""

from __future__ import annotations

from collections import Counter

from trephine.core.errors import FormatError
from trephine.formats.dicom.gaps import numbering_step
from trephine.formats.dicom.picture import Picture


def in_repetitions(places: list[list[Picture]]) -> tuple[tuple[Picture, ...], ...]:
    """Turn pictures by place into pictures by repetition.

    Parameters
    ----------
    places
        Pictures at each place, in the order of places.

    Returns
    -------
    tuple
        Repetitions, each with one picture a place.

    Raises
    ------
    FormatError
        If a repetition lacks a slice or is missing itself, or nothing tells repetitions apart.
    """
    count = Counter(len(place) for place in places).most_common(1)[0][0]
    if count == 1 and all(len(place) == 1 for place in places):
        return (tuple(place[0] for place in places),)
    for field in range(len(places[0][0].times)):
        found = _by(places, [[picture.times[field] for picture in place] for place in places])
        if found is not None:
            return found
    if any(len(place) != count for place in places):
        _refuse_uneven(places, count)
    numbers = [[picture.number for picture in place] for place in places]
    if all(len(set(row) - {None}) == count for row in numbers):
        ranked = [sorted(place, key=lambda picture: picture.number or 0) for place in places]
        return tuple(tuple(place[index] for place in ranked) for index in range(count))
    raise FormatError.because(
        where="times of repeated pictures",
        found=f"{count} pictures at each of {len(places)} places, with no field that tells them apart",
        expected="a temporal position, acquisition, trigger time or slice number",
        remedy="Export the series anew with all its fields.",
    )


def _by(
    places: list[list[Picture]], keys: list[list[float | None]]
) -> tuple[tuple[Picture, ...], ...] | None:
    """Sort by one field, where it is there and tells all pictures of a place apart."""
    if any(None in row or len(set(row)) != len(row) for row in keys):
        return None
    wanted = sorted({key for row in keys for key in row if key is not None})
    if len(wanted) != Counter(len(row) for row in keys).most_common(1)[0][0]:
        return None
    for index, row in enumerate(keys):
        for key in wanted:
            if key not in row:
                _refuse_hole(places, index, wanted.index(key) + 1, len(wanted))
    _check_no_repetition_missing(wanted)
    by_key = [dict(zip(row, place, strict=True)) for row, place in zip(keys, places, strict=True)]
    return tuple(tuple(place[key] for place in by_key) for key in wanted)


def _check_no_repetition_missing(wanted: list[float]) -> None:
    """Refuse a hole in whole-numbered repetitions: later volumes would stand at wrong times."""
    if any(key != int(key) for key in wanted):
        return
    whole = [int(key) for key in wanted]
    step = numbering_step(whole)
    lost = [number for number in range(whole[0], whole[-1], step) if number not in whole]
    if lost and len(lost) < len(whole):
        raise FormatError.because(
            where="repetitions",
            found=f"{len(whole)} volumes; number {', '.join(map(str, lost[:5]))} missing between "
            f"{whole[0]} and {whole[-1]}",
            expected="every volume of the run",
            remedy="Fetch the missing files; without them all later volumes stand at wrong times.",
        )


def _refuse_hole(places: list[list[Picture]], place: int, repetition: int, count: int) -> None:
    raise FormatError.because(
        where=f"volume {repetition} of {count}",
        found=f"no slice {place + 1} of {len(places)}" + _height(places[place][0]),
        expected="every slice of every volume",
        remedy="Fetch the missing slice from the archive.",
    )


def _refuse_uneven(places: list[list[Picture]], count: int) -> None:
    bad = next(index for index, place in enumerate(places) if len(place) != count)
    raise FormatError.because(
        where=f"slice {bad + 1} of {len(places)}{_height(places[bad][0])}",
        found=f"{len(places[bad])} pictures",
        expected=f"{count}, as at most other places",
        remedy="Fetch the missing slices of that volume, or take doubles away.",
    )


def _height(picture: Picture) -> str:
    return "" if picture.corner_mm is None else f" at z = {picture.corner_mm[2]:.1f} mm"
