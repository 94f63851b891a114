# SPDX-License-Identifier: Apache-2.0
"""Whose pictures these are: enough to tell persons apart, and nothing that is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from trephine.formats.dicom.header import Header
from trephine.formats.dicom.picture import Picture

OLDEST_YEARS = 89
"""Ages above are told as this: there are so few of them that an age could name a person."""
_DAYS_A_YEAR = 365.25
_AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / _DAYS_A_YEAR, "D": 1 / _DAYS_A_YEAR}
_FIELDS = ("PatientID", "PatientName", "PatientBirthDate")


@dataclass(frozen=True, kw_only=True, eq=False)
class Person:
    """One person's pictures.

    Parameters
    ----------
    pictures
        In the order found.
    age_years
        At the scan, whole years, at most 89; absent where headers do not say.
    sex
        M, F or O; absent where headers do not say.
    """

    pictures: tuple[Picture, ...]
    age_years: float | None
    sex: str | None


def persons_of(pictures: Iterable[Picture]) -> tuple[Person, ...]:
    """Sort pictures by person; a field that is empty on either side does not tell two apart.

    Parameters
    ----------
    pictures
        Of a folder.

    Returns
    -------
    tuple of Person
        In the order in which they are found.
    """
    groups: list[tuple[list[str], list[Picture]]] = []
    known: dict[tuple[str, ...], list[Picture]] = {}
    for picture in pictures:
        key = _key(picture.header)
        if key not in known:
            home = next((group for group in groups if _agree(group[0], key)), None)
            if home is None:
                home = (list(key), [])
                groups.append(home)
            for index, word in enumerate(key):
                home[0][index] = home[0][index] or word
            known[key] = home[1]
        known[key].append(picture)
    return tuple(
        Person(pictures=tuple(members), age_years=_age_years(members), sex=_sex(members))
        for _, members in groups
    )


def _key(header: Header) -> tuple[str, ...]:
    return tuple(" ".join(re.split(r"[\s^=,]+", header.word(name))).strip() for name in _FIELDS)


def _agree(first: list[str], second: tuple[str, ...]) -> bool:
    return all(not a or not b or a == b for a, b in zip(first, second, strict=True))


def _age_years(members: list[Picture]) -> float | None:
    for picture in members[:1]:
        stated = re.fullmatch(r"(\d{3})([YMWD])", picture.header.word("PatientAge"))
        if stated:
            return _told(int(stated[1]) * _AGE_UNITS[stated[2]])
        born, scanned = _date(picture.header, "PatientBirthDate"), _date(picture.header, "StudyDate")
        if born and scanned and scanned >= born:
            return _told((scanned - born).days / _DAYS_A_YEAR)
    return None


def _told(age_years: float) -> float:
    return float(min(int(age_years), OLDEST_YEARS))


def _date(header: Header, name: str) -> date | None:
    found = re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", header.word(name))
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _sex(members: list[Picture]) -> str | None:
    found = members[0].header.word("PatientSex")
    return found if found in ("M", "F", "O") else None
