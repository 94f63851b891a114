# SPDX-License-Identifier: Apache-2.0
"""Names of the files in a case folder, made and parsed here and nowhere else."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from trephine.core.errors import InternalError

_DERIVATIVES = "derivatives"
_FIELD = re.compile(r"{(\w+)}")
_LABEL = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """One kind of file.

    Parameters
    ----------
    key
        Its name in the program.
    folder
        Folder inside the participant's, ``.`` for that folder itself, ``derivatives`` for the one above.
    name
        File name with fields in braces.
    description
        What it holds, for people.
    unit
        Unit of its numbers.
    frame
        Frame of its positions, where there is one.
    """

    key: str
    folder: str
    name: str
    description: str
    unit: str
    frame: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that the name needs beside the subject."""
        return tuple(field for field in _FIELD.findall(self.name) if field != "subject")

    def relative(self, subject: str, **entities: str) -> str:
        """Return the path relative to the participant's folder, with forward slashes.

        Parameters
        ----------
        subject
            With its prefix, such as ``sub-01``.
        entities
            A letters-and-digits value for every field of the name.

        Raises
        ------
        InternalError
            If a field is missing, unknown or not letters and digits.
        """
        if set(entities) != set(self.fields) or not all(_LABEL.fullmatch(v) for v in entities.values()):
            raise InternalError.because(
                where=f"file {self.key}",
                found=f"entities {entities}",
                expected=f"letters and digits for each of {self.fields}",
                remedy="This is a fault of trephine; please report it.",
            )
        name = self.name.format(subject=subject, **entities)
        return {_DERIVATIVES: f"../{name}", ".": name}.get(self.folder, f"{self.folder}/{name}")

    def parse(self, subject: str, relative: str) -> dict[str, str] | None:
        """Return the entities of a path of this kind, or ``None`` when it is of another kind."""
        pattern = re.escape(self.relative(subject, **{field: f"0{field}0" for field in self.fields}))
        for field in self.fields:
            pattern = pattern.replace(f"0{field}0", f"(?P<{field}>{_LABEL.pattern})", 1)
        match = re.fullmatch(pattern, relative)
        return match.groupdict() if match else None


@cache
def layout() -> MappingProxyType[str, FileSpec]:
    """Return every kind of file by key."""
    table = tomllib.loads(files("trephine.case").joinpath("layout.toml").read_text(encoding="utf-8"))
    return MappingProxyType({key: FileSpec(key=key, **entry) for key, entry in table["files"].items()})


def spec(key: str) -> FileSpec:
    """Return one kind of file.

    Raises
    ------
    InternalError
        If the layout has no such key.
    """
    if key not in layout():
        raise InternalError.because(
            where="case layout",
            found=f"key {key!r}",
            expected=f"one of {', '.join(layout())}",
            remedy="This is a fault of trephine; please report it.",
        )
    return layout()[key]


def label_of(words: str) -> str:
    """Turn words into one BIDS label: ``right-left`` becomes ``rightLeft``."""
    first, *rest = re.findall(r"[A-Za-z0-9]+", words) or ["none"]
    return first + "".join(word[0].upper() + word[1:] for word in rest)


def sidecar_of(relative: str) -> str:
    """Return the name of a file's sidecar.

    Images and surfaces follow BIDS (same stem, ``.json``); every other kind keeps its full name, so that a
    JSON result and its table do not claim the same sidecar.
    """
    for ending in (".nii.gz", ".surf.gii", ".shape.gii"):
        if relative.endswith(ending):
            return relative.removesuffix(ending) + ".json"
    return relative + ".sidecar.json"
