# SPDX-License-Identifier: Apache-2.0
"""Read a case folder, and write a stage's results into it as one transaction."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from trephine import __version__
from trephine.case import layout
from trephine.case.disk import PARTIAL, guarded, json_bytes, make_folder, sync_folder, write_synced
from trephine.case.sidecar import GeneratedBy, Sidecar, Source
from trephine.core.errors import FormatError, InputError
from trephine.core.provenance import sha256_of_bytes, sha256_of_file
from trephine.model.summary import StageSummary

Model = TypeVar("Model", bound=BaseModel)

_REMEDY = "Run the stage again; the case folder is written by trephine alone."


@dataclass(frozen=True, kw_only=True)
class Case:
    """The case folder of one participant.

    Parameters
    ----------
    study
        The BIDS data set.
    subject
        With its prefix, such as ``sub-01``.
    """

    study: Path
    subject: str

    @classmethod
    def of(cls, study: Path, label: str) -> Case:
        """Return the case of a participant named with or without ``sub-``."""
        bare = label.removeprefix("sub-")
        if not bare.isalnum():
            raise InputError.because(
                where="participant",
                found=repr(label),
                expected="a BIDS label of letters and digits, such as sub-01",
                remedy="Name the participant as its folder is named.",
            )
        return cls(study=study, subject=f"sub-{bare}")

    @property
    def derivatives(self) -> Path:
        """Folder of everything that trephine writes about the study."""
        return self.study / "derivatives" / "trephine"

    @property
    def folder(self) -> Path:
        """Folder of this participant's results."""
        return self.derivatives / self.subject

    def path(self, key: str, **entities: str) -> Path:
        """Return where a file of the layout is, whether or not it exists."""
        return Path(os.path.normpath(self.folder / layout.spec(key).relative(self.subject, **entities)))

    def has(self, key: str, **entities: str) -> bool:
        """Tell whether a file of the layout and its sidecar exist."""
        path = self.path(key, **entities)
        return path.is_file() and Path(layout.sidecar_of(str(path))).is_file()

    def verified(self, key: str, **entities: str) -> Path:
        """Return a result's path after comparing it with its sidecar.

        Raises
        ------
        FormatError
            If the file or its sidecar is missing, or the hash differs.
        """
        path = self.path(key, **entities)
        sidecar = self.sidecar(key, **entities)
        found = sha256_of_file(path) if path.is_file() else "no file"
        if found != sidecar.sha256:
            raise FormatError.because(
                where=str(path), found=found, expected=f"SHA-256 {sidecar.sha256}", remedy=_REMEDY
            )
        return path

    def sidecar(self, key: str, **entities: str) -> Sidecar:
        """Read the sidecar of a result."""
        path = Path(layout.sidecar_of(str(self.path(key, **entities))))
        return _read_json(path, Sidecar)

    def read_bytes(self, key: str, **entities: str) -> bytes:
        """Read a result after comparing it with its sidecar."""
        return self.verified(key, **entities).read_bytes()

    def read_json(self, key: str, **entities: str) -> dict[str, Any]:
        """Read a JSON result after comparing it with its sidecar."""
        return json.loads(self.read_bytes(key, **entities))

    def receipt(self, stage: str) -> StageSummary | None:
        """Read a stage's receipt; ``None`` when the stage never finished."""
        path = self.path("receipt", stage=stage)
        return _read_json(path, StageSummary) if path.is_file() else None

    def receipt_sha256(self, stage: str) -> str | None:
        """Hash a stage's receipt; ``None`` when the stage never finished."""
        path = self.path("receipt", stage=stage)
        return sha256_of_file(path) if path.is_file() else None

    def clean(self) -> None:
        """Remove what an interrupted run left unfinished; call only while holding the lock."""
        with guarded(self.folder):
            shutil.rmtree(self.folder / PARTIAL, ignore_errors=True)
            leftovers = [*self.folder.glob(f"**/{PARTIAL}-*"), *self.derivatives.glob(f"{PARTIAL}-*")]
            for leftover in leftovers:
                leftover.unlink(missing_ok=True)


def _read_json(path: Path, model: type[Model]) -> Model:
    """Read a JSON file of ours, refusing one that is missing or not of its schema."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise FormatError.because(
            where=str(path), found="no file", expected=model.__name__.lower(), remedy=_REMEDY
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise FormatError.because(
            where=f"{path}, field {'.'.join(map(str, first['loc'])) or 'top'}",
            found=first["msg"],
            expected=f"a {model.__name__} of schema version 1",
            remedy=_REMEDY,
        ) from error


@dataclass(kw_only=True)
class Writer:
    """Collects one stage's files beside the case, then moves them in together, the receipt last.

    Parameters
    ----------
    case
        Where they belong.
    stage, stage_version, settings_sha256
        What makes them.
    inputs
        Name of each input to its hash.
    findings
        Codes of what the stage noticed.
    """

    case: Case
    stage: str
    stage_version: str
    settings_sha256: str
    inputs: Mapping[str, str]
    findings: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, data: bytes, **entities: str) -> None:
        """Lay one result and its sidecar ready.

        Parameters
        ----------
        key, entities
            Which file of the layout.
        data
            Its content.

        Raises
        ------
        StorageError
            If the disk refuses; results already in the case are untouched.
        """
        kind = layout.spec(key)
        relative = kind.relative(self.case.subject, **entities)
        sidecar = Sidecar(
            description=kind.description,
            sha256=sha256_of_bytes(data),
            sources=tuple(Source(uri=uri, sha256=digest) for uri, digest in sorted(self.inputs.items())),
            generated_by=GeneratedBy(
                version=__version__,
                stage=self.stage,
                stage_version=self.stage_version,
                settings_sha256=self.settings_sha256,
            ),
            spatial_reference=kind.frame or entities.get("target"),
            units=kind.unit,
            findings=self.findings,
        )
        self._lay_ready(relative, data)
        self._lay_ready(layout.sidecar_of(relative), json_bytes(sidecar))

    def put_json(self, key: str, value: Any, **entities: str) -> None:  # noqa: ANN401 - model or JSON value
        """Lay a pydantic model or dictionary ready as JSON."""
        self.put(key, json_bytes(value), **entities)

    def _lay_ready(self, relative: str, data: bytes) -> None:
        write_synced(self.case.folder / PARTIAL / relative, data)
        self.outputs[relative] = sha256_of_bytes(data)

    def prepare(self, receipt: StageSummary) -> str:
        """Lay the receipt ready as well, and make every folder: after this, moving in needs no more disk.

        Parameters
        ----------
        receipt
            The stage's summary; it must list ``outputs``.

        Returns
        -------
        str
            SHA-256 of the receipt, for the audit.
        """
        data = json_bytes(receipt)
        write_synced(self.case.folder / PARTIAL / self._receipt_path, data)
        for relative in (*self.outputs, self._receipt_path):
            make_folder((self.case.folder / relative).parent)
        return sha256_of_bytes(data)

    def commit(self) -> None:
        """Move every file into its place, drop what this stage no longer makes, the receipt last.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        folder, partial = self.case.folder, self.case.folder / PARTIAL
        dropped = self._outputs_of_last_time() - set(self.outputs)
        with _uninterrupted(), guarded(folder):
            for relative in self.outputs:
                (partial / relative).replace(folder / relative)
            for relative in dropped:
                (folder / relative).unlink(missing_ok=True)
            for touched in sorted({(folder / relative).parent for relative in self.outputs}):
                sync_folder(touched)
            (partial / self._receipt_path).replace(folder / self._receipt_path)
            sync_folder((folder / self._receipt_path).parent)
            shutil.rmtree(partial, ignore_errors=True)

    @property
    def _receipt_path(self) -> str:
        return layout.spec("receipt").relative(self.case.subject, stage=self.stage)

    def _outputs_of_last_time(self) -> set[str]:
        try:
            receipt = self.case.receipt(self.stage)
        except FormatError:
            # A damaged receipt is about to be replaced; what it listed can no longer be known.
            return set()
        return set(receipt.outputs) if receipt else set()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back for the few renames that must not be torn apart."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
