# SPDX-License-Identifier: Apache-2.0
"""Read rules and limits: the packaged ones or a team's own; every fault is named by rule and line."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from trephine.core.errors import ConfigError
from trephine.model.tissue_heat import TissueTable
from trephine.safety.rules import Limits, NotAsked, Rule, Rules

Model = TypeVar("Model", bound=BaseModel)
_MOST_FAULTS = 5


def read_rules(path: Path | None = None) -> Rules:
    """Read screening rules.

    Parameters
    ----------
    path
        A team's own file; the packaged rules when absent.

    Returns
    -------
    Rules
        Checked: sourced, in one unit each, rising limits. Packaged rules that a team's file leaves out stand
        in ``not_asked``, with the team's reason or with none.

    Raises
    ------
    ConfigError
        If the file is missing, no TOML, or breaks the layout; the message names rule and line.
    """
    packaged = _read("screening.toml", None, Rules)
    if path is None:
        return packaged
    rules = _read("screening.toml", path, Rules)
    return rules.model_copy(update={"not_asked": _not_asked(rules, packaged, path)})


def read_limits(path: Path | None = None) -> Limits:
    """Read general limits; arguments and errors as for ``read_rules``."""
    return _read("limits.toml", path, Limits)


def read_tissues() -> TissueTable:
    """Read what tissues and materials do with heat."""
    return _read("tissues.toml", None, TissueTable)


def changed_rules(rules: Rules) -> tuple[Rule, ...]:
    """Return the packaged form of every rule whose limits or verdicts differ in ``rules``."""
    own = {rule.id: _judging(rule) for rule in rules.rules}
    return tuple(
        rule
        for rule in _read("screening.toml", None, Rules).rules
        if rule.id in own and own[rule.id] != _judging(rule)
    )


def _judging(rule: Rule) -> object:
    """Return what decides a rule's verdict, without its words for people."""
    limits = {name: (limit.value, limit.unit) for name, limit in rule.limits.items()}
    return limits, rule.if_yes, rule.if_no, rule.pass_words, rule.concern_words, rule.block_words


def _not_asked(rules: Rules, packaged: Rules, path: Path) -> tuple[NotAsked, ...]:
    """List the packaged rules that are missing; refuse reasons for rules that are asked or do not exist."""
    asked = {rule.id for rule in rules.rules}
    missing = [rule.id for rule in packaged.rules if rule.id not in asked]
    given = {entry.id: entry for entry in rules.not_asked}
    strange = [entry.id for entry in rules.not_asked if entry.id not in missing]
    if strange:
        raise ConfigError.because(
            where=f"{path}, not_asked",
            found=", ".join(strange),
            expected="ids of packaged rules that this file leaves out",
            remedy="Correct the id, or remove the entry or the rule.",
        )
    return tuple(given.get(id_, NotAsked(id=id_)) for id_ in missing)


def _read(name: str, path: Path | None, model: type[Model]) -> Model:
    where = f"safety/{name}" if path is None else str(path)
    text = ""
    try:
        text = (files("trephine") / "safety" / name if path is None else path).read_text(encoding="utf-8")
        return model.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = f"a file that cannot be read as TOML ({error})"
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        found = "; ".join(f"{_place(fault['loc'], text)}{fault['msg']}" for fault in faults[:_MOST_FAULTS])
        if len(faults) > _MOST_FAULTS:
            found += f"; and {len(faults) - _MOST_FAULTS} more"
    raise ConfigError.because(
        where=where,
        found=found,
        expected="the layout of the packaged file",
        remedy="Start from a copy of that file.",
    )


def _place(loc: tuple[int | str, ...], text: str) -> str:
    """Say where a fault lies: the rule by its id and line, then the field."""
    parts: list[Any] = list(loc)
    place = ""
    if len(parts) > 1 and parts[0] in ("rules", "not_asked") and isinstance(parts[1], int):
        table, number = parts[0], parts[1]
        starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == f"[[{table}]]"]
        entries = tomllib.loads(text)[table]
        id_ = entries[number].get("id", "without id") if isinstance(entries[number], dict) else "no table"
        line = f", line {starts[number]}" if number < len(starts) else ""
        place = f"rule {id_}{line}: "
        parts = parts[2:]
    elif parts:
        line_of = [n for n, each in enumerate(text.splitlines(), 1) if re.match(rf"{parts[0]}\s*=", each)]
        place = f"line {line_of[0]}: " if line_of else ""
    return place + ("".join(f"{part}: " for part in (".".join(map(str, parts)),) if part))
