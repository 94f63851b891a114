# SPDX-License-Identifier: Apache-2.0
"""Fields of one picture, wherever the standard lets them stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


@dataclass(frozen=True, kw_only=True, eq=False)
class Header:
    """One picture's fields: its own, then those that all pictures of its file share, then the file's.

    Parameters
    ----------
    file
        The file's data set.
    shared, own
        Functional groups of an enhanced multi-frame file; absent in a classic one.
    """

    file: Dataset
    shared: Dataset | None = None
    own: Dataset | None = None

    def raw(self, name: str) -> Any:  # noqa: ANN401 - DICOM values are of many types
        """Return a field's value, or ``None`` where it is absent, empty or unreadable."""
        for group in (self.own, self.shared):
            value = _within(group, name)
            if value is not None:
                return value
        return _value(self.file, name)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a field's texts, upper case, none of them empty."""
        value = self.raw(name)
        if value is None or isinstance(value, bytes | Sequence):
            return ()
        parts = [value] if isinstance(value, str) else value if _is_list(value) else [value]
        return tuple(str(part).strip().upper() for part in parts if str(part).strip())

    def word(self, name: str) -> str:
        """Return a field's text in upper case, empty where there is none."""
        return " ".join(self.words(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a field's finite numbers; empty where one of them is none."""
        value = self.raw(name)
        if value is None or isinstance(value, bytes | Sequence):
            return ()
        try:
            found = tuple(float(part) for part in (value if _is_list(value) else [value]))
        except (TypeError, ValueError):
            return ()
        return found if all(math.isfinite(number) for number in found) else ()

    def number(self, name: str) -> float | None:
        """Return a field's first number, or ``None``."""
        found = self.numbers(name)
        return found[0] if found else None

    def integer(self, name: str) -> int | None:
        """Return a field's first whole number, or ``None``."""
        found = self.number(name)
        return None if found is None else round(found)


def _is_list(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)


def _value(group: Dataset, name: str) -> Any:  # noqa: ANN401
    try:
        value = group.get(name)
    except (ValueError, TypeError, NotImplementedError, AttributeError, KeyError):
        return None
    return None if value is None or (hasattr(value, "__len__") and len(value) == 0) else value


def _within(group: Dataset | None, name: str) -> Any:  # noqa: ANN401
    """Look one level down: each functional group is a sequence of one item."""
    if group is None:
        return None
    for element in group:
        if element.VR == "SQ" and element.value:
            value = _value(element.value[0], name)
            if value is not None:
                return value
    return None
