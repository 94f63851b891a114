# SPDX-License-Identifier: Apache-2.0
"""Settings of a run: packaged defaults, then a file, then single values from the command line."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from trephine.core.errors import ConfigError
from trephine.core.provenance import sha256_of_json

Sections = Mapping[str, BaseModel]
"""Section name, such as ``placement``, to its settings."""


def resolve(
    kinds: Mapping[str, type[BaseModel]],
    *,
    file: Path | None = None,
    overrides: Iterable[str] = (),
    base: Mapping[str, Any] = MappingProxyType({}),
) -> Sections:
    """Work out every setting.

    Parameters
    ----------
    kinds
        The sections there are, with their defaults.
    file
        TOML with some of them.
    overrides
        Texts such as ``placement.clearance_um=60``; the value is TOML, or else a word.
    base
        What stands instead of the packaged defaults, by section, such as the settings of an earlier run.

    Returns
    -------
    Mapping
        Every section, complete.

    Raises
    ------
    ConfigError
        If a name is unknown (the nearest known one is suggested) or a value out of range.
    """
    given: dict[str, dict[str, Any]] = {name: deepcopy(dict(values)) for name, values in base.items()}
    for section, values in (_read(file) if file else {}).items():
        _check_known(section, kinds, where=str(file), what="section")
        if not isinstance(values, dict):
            raise ConfigError.because(
                where=f"{file}, {section}",
                found=f"the single value {values!r}",
                expected=f"a table [{section}] of settings",
                remedy="Write the section's name in square brackets and its settings below.",
            )
        _lay_over(given.setdefault(section, {}), values)
    for text in overrides:
        section, keys, value = _override(text)
        _check_known(section, kinds, where=f"--set {text}", what="section")
        _put(given.setdefault(section, {}), keys, value)
    return MappingProxyType({name: _build(name, kind, given.get(name, {})) for name, kind in kinds.items()})


def plain(sections: Sections, names: Iterable[str]) -> dict[str, Any]:
    """Return some sections as JSON values."""
    return {name: sections[name].model_dump(mode="json") for name in names}


def digest(values: Mapping[str, Any]) -> str:
    """Hash plain settings."""
    return sha256_of_json(dict(values))


def toml_text(sections: Sections) -> str:
    """Write every setting as TOML that ``resolve`` reads back to the same; what is unset is left out."""
    lines: list[str] = []
    for name, model in sections.items():
        _toml_table(lines, name, model.model_dump(mode="json"))
    return "\n".join(lines).lstrip() + "\n"


def _toml_table(lines: list[str], name: str, values: Mapping[str, Any]) -> None:
    lines += ["", f"[{name}]"]
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines += [
        f"{key} = {_toml_value(value)}"
        for key, value in values.items()
        if key not in tables and value is not None
    ]
    for key, value in tables.items():
        _toml_table(lines, f"{name}.{key}", value)


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    # TOML's basic strings are JSON strings, but for the one control character JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError.because(
            where=str(file),
            found=str(error.strerror),
            expected="a readable TOML file",
            remedy="Check the path given to --settings.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError.because(
            where=str(file),
            found=f"text that is no TOML ({error})",
            expected="tables such as [placement] with settings below",
            remedy="Correct the file.",
        ) from error


def _override(text: str) -> tuple[str, tuple[str, ...], Any]:
    """Split ``section.key=value``."""
    name, equals, value = text.partition("=")
    section, *keys = name.strip().split(".")
    if not equals or not keys or not all(keys):
        raise ConfigError.because(
            where=f"--set {text}",
            found="no setting and value",
            expected="section.setting=value, such as placement.clearance_um=60",
            remedy="List the settings with: trephine run STUDY sub-01 --dry-run --json.",
        )
    try:
        return section, tuple(keys), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return section, tuple(keys), value.strip()


def _lay_over(table: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Replace values in nested tables, leaving alone what is not named."""
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            _lay_over(table[key], value)
        else:
            table[key] = value


def _put(table: dict[str, Any], keys: tuple[str, ...], value: object) -> None:
    *path, last = keys
    for key in path:
        inner = table.get(key)
        table[key] = dict(inner) if isinstance(inner, dict) else {}
        table = table[key]
    table[last] = value


def _build(section: str, kind: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    for key in values:
        _check_known(key, kind.model_fields, where=f"section {section}", what="setting")
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join([section, *map(str, first["loc"])])
        raise ConfigError.because(
            where=f"setting {name}",
            found=repr(first["input"]),
            expected=first["msg"].removeprefix("Input should be "),
            remedy="Correct it in --set or in the settings file.",
        ) from error


def _check_known(name: str, known: Iterable[str], *, where: str, what: str) -> None:
    names = list(known)
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    raise ConfigError.because(
        where=where,
        found=f"the {what} {name!r}",
        expected=f"one of {', '.join(names) or 'none'}",
        remedy=f"Did you mean {near[0]!r}?" if near else "Choose one of these.",
    )
