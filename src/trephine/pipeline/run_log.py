# SPDX-License-Identifier: Apache-2.0
"""The log of one run: settings, machine, times and events; nothing in it enters a result."""

from __future__ import annotations

import json
import logging
import os
import platform
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from trephine import __version__
from trephine.case.disk import guarded, json_bytes, make_folder, write_atomically
from trephine.case.store import Case
from trephine.core.errors import CancelledError, StorageError
from trephine.pipeline.settings import Sections, toml_text

_LIBRARIES = (
    "numpy", "scipy", "nibabel", "SimpleITK", "nilearn", "pandas", "scikit-image", "matplotlib",
    "pillow", "pydantic",
)  # fmt: skip
_LOGGER = "trephine"


class RunLog(logging.Handler):
    """Write ``log/<run>/`` while a run goes on.

    Parameters
    ----------
    case
        Whose run.
    sections
        Every setting.
    """

    def __init__(self, case: Case, sections: Sections) -> None:
        super().__init__()
        self.started = _now()
        stamp = self.started.replace("-", "").replace(":", "").replace("+0000", "Z")
        self.name_of_run = f"{stamp}-{secrets.token_hex(3)}"
        self.folder = case.folder / "log" / self.name_of_run
        make_folder(self.folder)
        write_atomically(self.folder / "settings.toml", toml_text(sections).encode())
        self._about: dict[str, Any] = {
            "schema_version": 1,
            "run": self.name_of_run,
            "subject": case.subject,
            "started": self.started,
            "state": "running",
            "machine": _machine(),
            "versions": _versions(),
            "seeds": _seeds(sections),
            "stages": [],
        }
        self._write_about()
        logging.getLogger(_LOGGER).addHandler(self)

    @property
    def events_path(self) -> Path:
        """Where every event goes, one JSON object a line."""
        return self.folder / "events.jsonl"

    def event(self, **fields: object) -> None:
        """Append one event."""
        line = json.dumps({"time": _now(), **fields}, ensure_ascii=False)
        with guarded(self.events_path), self.events_path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def emit(self, record: logging.LogRecord) -> None:
        """Append what the program logged."""
        self.event(kind="log", level=record.levelname, logger=record.name, message=record.getMessage())

    def stage(self, **fields: object) -> None:
        """Note what became of one stage."""
        self._about["stages"].append(fields)
        self.event(kind="stage", **fields)

    def finish(self, state: str, error: BaseException | None = None) -> None:
        """Close the log; on a full disk the last lines are lost rather than the error that led here."""
        logging.getLogger(_LOGGER).removeHandler(self)
        self._about |= {"state": state, "ended": _now()}
        if error is not None:
            self._about["error"] = f"{type(error).__name__}: {error}"
        self._write_about()

    def _write_about(self) -> None:
        write_atomically(self.folder / "run.json", json_bytes(self._about))


def finish_failed(log: RunLog, error: BaseException) -> None:
    """Close the log of a run that ended with an error, which will name the log."""
    error.add_note(f"the log of this run is {log.folder}")
    try:
        log.finish("cancelled" if isinstance(error, CancelledError) else "failed", error)
    except StorageError:
        # The disk that broke the run also refuses its log; the first error is the one to show.
        error.add_note("the log could not be finished")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _machine() -> dict[str, object]:
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def _versions() -> dict[str, str]:
    versions = {"trephine": __version__, "python": sys.version.split()[0]}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _seeds(sections: Sections) -> Mapping[str, int]:
    return {name: section.seed for name, section in sections.items() if hasattr(section, "seed")}
