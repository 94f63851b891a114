# SPDX-License-Identifier: Apache-2.0
"""What the pipeline must know of a stage, and what a stage is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from trephine.case.store import Case, Writer
from trephine.core.errors import ConfigError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress
from trephine.core.provenance import sha256_of_file
from trephine.formats.bids import ParticipantFiles, read_participant_files
from trephine.model.scan import ScanKind
from trephine.model.summary import Headline
from trephine.pipeline.settings import Sections

Noun = TypeVar("Noun")


@dataclass(kw_only=True)
class Workspace:
    """One participant's files, settings and what was already read, for the length of one command.

    Parameters
    ----------
    case
        The case folder.
    sections
        Every setting.
    """

    case: Case
    sections: Sections
    _hashes: dict[Path, str] = field(default_factory=dict)
    _nouns: dict[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> ParticipantFiles:
        """The participant's scans."""
        section = self.sections.get("input")
        t1w = getattr(section, "t1w", None)
        chosen = {kind: name for kind in ScanKind if (name := getattr(section, kind.value, None))}
        return self.once(
            "files",
            lambda: read_participant_files(self.case.study, self.case.subject, t1w=t1w, chosen=chosen),
        )

    def once(self, name: str, read: Callable[[], Noun]) -> Noun:
        """Read a thing the first time it is asked for, and remember it."""
        if name not in self._nouns:
            self._nouns[name] = read()
        return self._nouns[name]

    def forget(self, prefix: str) -> None:
        """Forget what was read of a stage's results, because they are about to change."""
        for name in [name for name in self._nouns if name.startswith(prefix)]:
            del self._nouns[name]

    def sha256(self, path: Path) -> str:
        """Hash an input file, once."""
        if path not in self._hashes:
            self._hashes[path] = sha256_of_file(path)
        return self._hashes[path]

    def hashes(self, *paths: Path | None) -> dict[str, str]:
        """Hash files of the study, by BIDS URI; absent ones are left out."""
        present = [path for path in paths if path is not None]
        return {
            f"bids::{path.relative_to(self.case.study).as_posix()}": self.sha256(path) for path in present
        }


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stage as the pipeline sees it.

    Parameters
    ----------
    name, version
        Of the stage; a new version of its method makes earlier results stale.
    upstream
        Stages whose results it reads.
    sections
        Settings it uses, by section.
    inputs
        Hash of everything it reads from outside the case, by URI.
    work
        Load its nouns from the workspace, run it, return its outcome.
    write
        Lay its noun ready in a writer.
    headlines
        Its headline figures.
    """

    name: str
    version: str
    upstream: tuple[str, ...]
    sections: Mapping[str, type[BaseModel]]
    inputs: Callable[[Workspace], Mapping[str, str]]
    work: Callable[[Workspace, Progress], Outcome[Any]]
    write: Callable[[Any, Writer], None]
    headlines: Callable[[Any], tuple[Headline, ...]]


Steps = tuple[Step, ...]
"""Stages in the order in which they are run; upstream ones stand before."""


def kinds(steps: Steps) -> dict[str, type[BaseModel]]:
    """Return every section of settings that the steps use."""
    return {name: kind for step in steps for name, kind in step.sections.items()}


def step_named(steps: Steps, name: str) -> Step:
    """Return one step.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    for step in steps:
        if step.name == name:
            return step
    raise ConfigError.because(
        where="stage",
        found=repr(name),
        expected=f"one of {', '.join(step.name for step in steps)}",
        remedy="Name a stage of the path.",
    )


def with_upstream(steps: Steps, name: str) -> tuple[Step, ...]:
    """Return a step and everything upstream of it, in order."""
    wanted = {name}
    for step in reversed(steps):
        if step.name in wanted:
            wanted |= set(step.upstream)
    return tuple(step for step in steps if step.name in wanted)
