# SPDX-License-Identifier: Apache-2.0
"""Screening rules and general limits: the typed form of ``screening.toml`` and ``limits.toml``."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trephine.core.errors import ConfigError
from trephine.core.sourced import ASSUMED, Confidence, Sourced

LIMIT_NAMES = ("block_low", "concern_low", "concern_high", "block_high")
"""A rule's limits in the order in which they must rise."""
Model = TypeVar("Model", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Basis(_Frozen):
    """Where a rule that asks for yes or no comes from.

    Parameters
    ----------
    source, confidence, note
        As in ``Sourced``.
    """

    source: str
    confidence: Confidence
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.source == ASSUMED) != (self.confidence is Confidence.ASSUMED):
            raise ValueError("source 'assumed' and confidence 'assumed' go together")
        return self


class Rule(_Frozen):
    """One rule: a figure held against limits, or a question answered by yes or no.

    Parameters
    ----------
    id
        What is measured or asked: words joined by underscores.
    code
        Code of its finding.
    question, reason, remedy
        What it asks, why, and what to do when it is not passed.
    unit
        Unit of the figure and its limits; absent for yes or no.
    block_low, concern_low, concern_high, block_high
        Below, or above, which a figure is of concern or blocks.
    if_yes
        Verdict when the answer is yes; absent for a figure.
    basis
        Source of a yes-or-no rule.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]+$")
    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$")
    question: str
    reason: str
    remedy: str
    unit: str | None = None
    block_low: Sourced | None = None
    concern_low: Sourced | None = None
    concern_high: Sourced | None = None
    block_high: Sourced | None = None
    if_yes: Literal["concern", "block"] | None = None
    basis: Basis | None = None

    @property
    def limits(self) -> dict[str, Sourced]:
        """Limits that are set, by name, in rising order."""
        named = {name: getattr(self, name) for name in LIMIT_NAMES}
        return {name: limit for name, limit in named.items() if limit is not None}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.unit is None) != (self.if_yes is not None) or (self.if_yes is None) != (self.basis is None):
            raise ValueError("a rule has either a unit and limits, or if_yes and basis")
        if self.if_yes is not None and self.limits:
            raise ValueError("a rule that asks for yes or no has no limits")
        values = [limit.value for limit in self.limits.values()]
        if any(limit.unit != self.unit for limit in self.limits.values()):
            raise ValueError(f"every limit must be in {self.unit}")
        if values != sorted(values) or not all(math.isfinite(value) for value in values):
            raise ValueError(f"limits must be finite and rise in the order {', '.join(LIMIT_NAMES)}")
        return self


class Rules(_Frozen):
    """Every screening rule.

    Parameters
    ----------
    schema_version
        Version of this layout.
    version
        Version of the rules themselves; results carry it.
    rules
        In the order in which they are shown.
    """

    schema_version: Literal[1] = 1
    version: str
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for names in ([rule.id for rule in self.rules], [rule.code for rule in self.rules]):
            if len(set(names)) != len(names):
                raise ValueError("two rules share an id or a code")
        return self


class Limits(_Frozen):
    """Limits that any plan is held against.

    Parameters
    ----------
    schema_version
        Version of this layout.
    vessel_clearance_um
        From a thread's centre line to the wall of a major vessel on the surface.
    thread_spacing_um
        Between neighbouring threads on the cortex.
    cortex_motion_mm
        Amplitude of the exposed cortex that a robot must bear.
    tissue_rise_k
        Heating of tissue by an implant.
    """

    schema_version: Literal[1] = 1
    vessel_clearance_um: Sourced
    thread_spacing_um: Sourced
    cortex_motion_mm: Sourced
    tissue_rise_k: Sourced


def read_rules(path: Path | None = None) -> Rules:
    """Read screening rules.

    Parameters
    ----------
    path
        A team's own file; the packaged rules when absent.

    Returns
    -------
    Rules
        Checked: sourced, in one unit each, rising limits.

    Raises
    ------
    ConfigError
        If the file is missing, no TOML, or breaks the layout.
    """
    return _read("screening.toml", path, Rules)


def read_limits(path: Path | None = None) -> Limits:
    """Read general limits; arguments and errors as for ``read_rules``."""
    return _read("limits.toml", path, Limits)


def _read(name: str, path: Path | None, model: type[Model]) -> Model:
    where = f"safety/{name}" if path is None else str(path)
    try:
        text = (files("trephine") / "safety" / name if path is None else path).read_text(encoding="utf-8")
        return model.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = f"a file that cannot be read as TOML ({error})"
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        found = "; ".join(f"{'.'.join(str(part) for part in f['loc'])}: {f['msg']}" for f in faults[:5])
    raise ConfigError.because(
        where=where,
        found=found,
        expected="the layout of the packaged file",
        remedy="Start from a copy of that file.",
    )
