# SPDX-License-Identifier: Apache-2.0
"""A person's further scans of the head: which file shows what, by its BIDS name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trephine.core.errors import FormatError
from trephine.formats.bids_names import at_most_one, entities_of, files_in, suffix_of
from trephine.model.scan import ScanKind

_FOLDERS = ("anat", "swi", "ct")
_BY_SUFFIX = {
    ("anat", "T2w"): ScanKind.T2W,
    ("anat", "PDw"): ScanKind.PDW,
    ("anat", "swi"): ScanKind.SWI,
    ("swi", "swi"): ScanKind.SWI,
    ("anat", "T2starw"): ScanKind.SWI,
    ("anat", "angio"): ScanKind.MRA,
}
"""A T2*-weighted scan shows what a susceptibility-weighted one shows, less sharply: veins are dark."""


@dataclass(frozen=True, kw_only=True)
class ScanFile:
    """One further scan.

    Parameters
    ----------
    kind
        What it shows.
    path
        The image.
    """

    kind: ScanKind
    path: Path


def kind_of(path: Path) -> ScanKind | None:
    """Tell what an image shows by its folder and name; nothing when no stage reads such an image.

    Parameters
    ----------
    path
        An image in a person's ``anat``, ``swi`` or ``ct`` folder.

    Returns
    -------
    ScanKind or None
        A CT with a contrast agent (``ce-``) or with ``angio`` or ``cta`` in its ``acq-`` is a CT angiography;
        a T1w with ``ce-`` is contrast-enhanced. Phase images (``part-phase``) are none of the kinds.
    """
    entities, suffix, folder = entities_of(path), suffix_of(path), path.parent.name
    if entities.get("part", "mag") != "mag":
        return None
    if (folder, suffix) == ("ct", "ct"):
        how = entities.get("acq", "").lower()
        return ScanKind.CTA if "ce" in entities or "angio" in how or "cta" in how else ScanKind.CT
    if (folder, suffix) == ("anat", "T1w"):
        return ScanKind.CE_T1W if "ce" in entities else None
    return _BY_SUFFIX.get((folder, suffix))


def find_scans(
    folder: Path, planning_t1: Path, chosen: Mapping[ScanKind, str]
) -> tuple[tuple[ScanFile, ...], tuple[str, ...]]:
    """Find a person's further scans, at most one of each kind.

    Parameters
    ----------
    folder
        The person's.
    planning_t1
        Never a further scan, whatever its name.
    chosen
        File name to use of a kind.

    Returns
    -------
    tuple
        Scans in the order of ``ScanKind``, and the images left aside, each with the reason.

    Raises
    ------
    FormatError
        If there are several of a kind and none is chosen, or the chosen one does not exist.
    """
    images = [
        path
        for kind in _FOLDERS
        for path in files_in(folder, kind)
        if suffix_of(path) and path != planning_t1
    ]
    scans, unused = [], [f"{path.name}: {_reason(path)}" for path in images if kind_of(path) is None]
    for kind in ScanKind:
        found = [path for path in images if kind_of(path) is kind]
        if kind in chosen:
            unused += [
                f"{path.name}: another {kind} was chosen" for path in found if path.name != chosen[kind]
            ]
            found = _named(found, chosen[kind], folder, kind)
        path = at_most_one(found, folder, kind, f"input.{kind}")
        if path is not None:
            scans.append(ScanFile(kind=kind, path=path))
    return tuple(scans), tuple(unused)


def _reason(path: Path) -> str:
    return "not the planning T1" if suffix_of(path) == "T1w" else "no stage reads this kind of image"


def _named(found: list[Path], name: str, folder: Path, kind: ScanKind) -> list[Path]:
    named = [path for path in found if path.name == name]
    if named:
        return named
    raise FormatError.because(
        where=f"{folder}, setting input.{kind}",
        found=f"no {kind} named {name}; of this kind: {', '.join(path.name for path in found) or 'none'}",
        expected="the name of one of this person's files",
        remedy="Correct the setting, or leave it out.",
    )
