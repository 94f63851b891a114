# SPDX-License-Identifier: Apache-2.0
"""Devices, robots and power profiles as TOML files: those that come with the program, and a user's own."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from trephine.core.errors import ConfigError, FormatError, StorageError
from trephine.core.sourced import Sourced
from trephine.formats.text import read_text
from trephine.model.device import Device, Robot
from trephine.model.power import PowerProfile

Model = TypeVar("Model", bound=BaseModel)
_MOST_LISTED = 5
_UNIT_OF_SUFFIX = {
    "_mm_per_s": "mm/s",
    "_mbit_per_s": "Mbit/s",
    "_nj_per_bit": "nJ/bit",
    "_percent_per_year": "%",
    "_percent_per_1000": "%",
    "_mwh": "mWh",
    "_mw": "mW",
    "_nc": "nC",
    "_hz": "Hz",
    "_h": "h",
    "_v": "V",
    "_mm": "mm",
    "_um": "um",
    "_rad": "rad",
    "_s": "s",
    "_fraction": "1",
    "_count": "1",
}
"""Longer suffixes first, for ``_mm_per_s`` ends in ``_s``."""


def device_names() -> tuple[str, ...]:
    """List the devices that come with the program."""
    return _packaged_names("devices")


def robot_names() -> tuple[str, ...]:
    """List the robots that come with the program."""
    return _packaged_names("robots")


def read_device(name_or_path: str) -> Device:
    """Read a device.

    Parameters
    ----------
    name_or_path
        Name of a packaged device, such as ``n1``, or path of a file ending in ``.toml``.

    Returns
    -------
    Device
        With every number sourced.

    Raises
    ------
    ConfigError
        If there is no device of that name.
    FormatError
        If a user's file is missing or breaks the layout; the message lists the fields.
    """
    return _read("devices", name_or_path, Device)


def read_robot(name_or_path: str) -> Robot:
    """Read a robot; arguments and errors as for ``read_device``."""
    return _read("robots", name_or_path, Robot)


def power_names() -> tuple[str, ...]:
    """List the power profiles that come with the program."""
    return _packaged_names("powers")


def read_power(name_or_path: str) -> PowerProfile:
    """Read a power profile; arguments and errors as for ``read_device``."""
    return _read("powers", name_or_path, PowerProfile)


def power_bytes(name_or_path: str) -> bytes:
    """Return a power profile's content, to be hashed with a run's inputs."""
    return _text("powers", name_or_path)[1].encode()


def device_bytes(name_or_path: str) -> bytes:
    """Return a device file's content, to be hashed with a run's inputs."""
    return _text("devices", name_or_path)[1].encode()


def robot_bytes(name_or_path: str) -> bytes:
    """Return a robot file's content, to be hashed with a run's inputs."""
    return _text("robots", name_or_path)[1].encode()


def parsed_toml(text: str, model: type[Model], where: str) -> Model:
    """Check TOML text against a model.

    Parameters
    ----------
    text
        TOML.
    model
        What it should be.
    where
        Named in messages.

    Returns
    -------
    pydantic.BaseModel
        The model.

    Raises
    ------
    FormatError
        If the text is no TOML or breaks the layout.
    """
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise FormatError.because(
            where=where,
            found=f"text that is no TOML ({error})",
            expected="a TOML file",
            remedy="Correct that line; texts need quotes, numbers none.",
        ) from error
    except ValidationError as error:
        raise FormatError.because(
            where=where,
            found=_complaints(error),
            expected="every field of a packaged file, and no other; each number as a table with value, unit, "
            "source and confidence",
            remedy="Start from a copy of a packaged file and change its numbers.",
        ) from error


def _read(kind: str, name_or_path: str, model: type[Model]) -> Model:
    where, text = _text(kind, name_or_path)
    parsed = parsed_toml(text, model, where)
    faults = [fault for name, number in _numbers(parsed, "") if (fault := _fault(name, number))]
    if faults:
        raise FormatError.because(
            where=where,
            found="; ".join(faults[:_MOST_LISTED]),
            expected="finite numbers, 0 or above, each in the unit that its name ends in",
            remedy="Convert the number to that unit.",
        )
    return parsed


def _numbers(part: BaseModel, prefix: str) -> Iterator[tuple[str, Sourced]]:
    """Walk through every sourced number, with its dotted name."""
    for name, value in part:
        if isinstance(value, Sourced):
            yield prefix + name, value
        elif isinstance(value, BaseModel):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, tuple):
            for place, entry in enumerate(value, start=1):
                yield from _numbers(entry, f"{prefix}{name}[{place}].")


def _fault(name: str, number: Sourced) -> str | None:
    """Say what is wrong with a number, or nothing."""
    unit = next(unit for suffix, unit in _UNIT_OF_SUFFIX.items() if name.endswith(suffix))
    if number.unit != unit:
        return f"{name} in {number.unit!r} instead of {unit!r}"
    ends = (number.value, *(end for end in (number.low, number.high) if end is not None))
    if not all(math.isfinite(end) and end >= 0 for end in ends):
        return f"{name} = {number.value}, range {number.low} to {number.high}"
    if name.endswith("_count") and (number.value < 1 or not number.value.is_integer()):
        return f"{name} = {number.value}, which is no whole number of at least 1"
    if name.endswith("_fraction") and number.value > 1:
        return f"{name} = {number.value}, which is more than all"
    return None


def _text(kind: str, name_or_path: str) -> tuple[str, str]:
    """Return where a file is, for messages, and its text."""
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        return str(path), read_text(path)
    names = _packaged_names(kind)
    if name_or_path not in names:
        raise ConfigError.because(
            where=kind,
            found=f"the name {name_or_path!r}",
            expected=f"one of {', '.join(names)}, or the path of a file ending in .toml",
            remedy="Name one of these.",
        )
    try:
        return f"{kind}/{name_or_path}.toml", _folder_text(kind, name_or_path)
    except OSError as error:
        raise StorageError.because(
            where=f"{kind}/{name_or_path}.toml",
            found=f"a packaged file that cannot be read ({error.strerror})",
            expected="a complete installation",
            remedy="Install the program anew.",
        ) from error


def _folder_text(kind: str, name: str) -> str:
    return (files("trephine") / kind / f"{name}.toml").read_text(encoding="utf-8")


def _packaged_names(kind: str) -> tuple[str, ...]:
    folder = files("trephine") / kind
    return tuple(sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")))


def _complaints(error: ValidationError) -> str:
    """Name the first few fields and what is wrong with each."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}" for fault in faults]
    more = f" and {len(said) - _MOST_LISTED} more" if len(said) > _MOST_LISTED else ""
    return "; ".join(said[:_MOST_LISTED]) + more
