# SPDX-License-Identifier: Apache-2.0
"""What was run and who approved it: lines chained by hashes, so that a change shows.

The chain is tamper-evident, not tamper-proof: who rewrites every line and the head file after a change
leaves no trace, so keep a copy of ``audit_head.json`` elsewhere when that matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from trephine.case.disk import json_bytes, write_atomically
from trephine.case.store import Case
from trephine.core.errors import InputError
from trephine.core.provenance import canonical_json, sha256_of_bytes

_START = "0" * 64
Act = Literal["run finished", "approved", "rejected"]


class Entry(BaseModel):
    """One line.

    Parameters
    ----------
    schema_version
        Version of this layout.
    number
        From 1.
    previous_sha256
        Hash of the line before, zeros for the first.
    time
        When, ISO 8601, UTC.
    act
        What happened.
    stage
        Which stage was finished, approved or rejected.
    who
        The person, for an approval or rejection.
    note
        Their words.
    run
        Name of the run, for a finished one.
    receipts
        Hash of the receipt of the stage and of every stage upstream of it, at that time.
    registration
        Which registration of the stage was approved or rejected; absent, and not written, for a whole stage.
    sha256
        Hash of all of the above.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    number: int
    previous_sha256: str
    time: str
    act: Act
    stage: str
    who: str | None = None
    note: str | None = None
    run: str | None = None
    receipts: dict[str, str]
    registration: str | None = None
    sha256: str = ""

    def digest(self) -> str:
        """Hash everything but the hash itself."""
        return sha256_of_bytes(canonical_json(self._written(without={"sha256"})).encode())

    def line(self) -> bytes:
        """Return the line as it stands in the file, with its line end."""
        return canonical_json(self._written(without=set())).encode() + b"\n"

    def _written(self, *, without: set[str]) -> dict[str, Any]:
        if self.registration is None:  # as every line was before there were registrations to approve
            without = without | {"registration"}
        return self.model_dump(mode="json", exclude=without)


class Head(BaseModel):
    """Number and hash of the last line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """What to add to the audit, before it is numbered and dated.

    Parameters
    ----------
    act, stage, who, note, run, receipts, registration
        As in ``Entry``.
    """

    act: Act
    stage: str
    receipts: dict[str, str]
    who: str | None = None
    note: str | None = None
    run: str | None = None
    registration: str | None = None


def read(case: Case) -> tuple[Entry, ...]:
    """Read and verify the whole chain.

    Parameters
    ----------
    case
        Whose audit.

    Returns
    -------
    tuple
        Every entry in order; empty when nothing was audited yet.

    Raises
    ------
    InputError
        If any byte was changed, naming the first line that is broken.
    """
    path, head_path = case.path("audit"), case.path("audit_head")
    if not path.exists() and not head_path.exists():
        return ()
    entries = verify(path.read_bytes() if path.exists() else b"", where=str(path))
    _verify_head(entries, head_path, where=str(path))
    return entries


def verify(data: bytes, *, where: str) -> tuple[Entry, ...]:
    """Verify the bytes of an audit file.

    Parameters
    ----------
    data
        Content of the file.
    where
        Its name, for the message.

    Returns
    -------
    tuple
        Every entry in order.

    Raises
    ------
    InputError
        Naming the first line whose text, number, hash or link is not what it was written as.
    """
    entries: list[Entry] = []
    previous = _START
    for number, line in enumerate(data.splitlines(keepends=True) if data else [], start=1):
        entry = _entry(line)
        if entry is None:
            raise _broken(where, number, "a line that is not as trephine wrote it", "the line as written")
        if entry.sha256 != entry.digest() or entry.number != number:
            raise _broken(where, number, "content that differs from its own hash", "agreement")
        if entry.previous_sha256 != previous:
            raise _broken(where, number, "a link to another line before it", "the hash of the line before")
        previous = entry.sha256
        entries.append(entry)
    return tuple(entries)


def append(case: Case, note: Note) -> Entry:
    """Add one line; the file is replaced whole, so that a full disk leaves the old one.

    Parameters
    ----------
    case
        Whose audit; the caller holds its lock.
    note
        What happened.

    Returns
    -------
    Entry
        The line added.

    Raises
    ------
    InputError
        If the chain is already broken.
    StorageError
        If the disk refuses.
    """
    entries = read(case)
    entry = Entry(
        number=len(entries) + 1,
        previous_sha256=entries[-1].sha256 if entries else _START,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        act=note.act,
        stage=note.stage,
        who=note.who,
        note=note.note,
        run=note.run,
        receipts=note.receipts,
        registration=note.registration,
    )
    entry = entry.model_copy(update={"sha256": entry.digest()})
    path = case.path("audit")
    write_atomically(path, (path.read_bytes() if path.exists() else b"") + entry.line())
    write_atomically(case.path("audit_head"), json_bytes(Head(number=entry.number, sha256=entry.sha256)))
    return entry


def _entry(line: bytes) -> Entry | None:
    """Read a line; ``None`` when it is not exactly what writing it again would give."""
    try:
        entry = Entry.model_validate_json(line)
    except ValidationError:
        return None
    return entry if entry.line() == line else None


def _verify_head(entries: tuple[Entry, ...], path: Path, *, where: str) -> None:
    """Compare with the last line noted apart; a line more is a run that died between the two writes."""
    if not path.exists():
        raise _broken(where, len(entries) + 1, f"no {path.name} beside it", "the note of the last line")
    try:
        head = Head.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise _broken(
            where, len(entries), f"a {path.name} that is not as trephine wrote it", "that note"
        ) from error
    if head.number > len(entries) or len(entries) > head.number + 1:
        raise _broken(where, len(entries) + 1, f"{len(entries)} lines", f"{head.number} lines")
    if head.number < 1 or entries[head.number - 1].sha256 != head.sha256:
        raise _broken(where, head.number, f"another line than {path.name} notes", "the line noted")


def _broken(where: str, number: int, found: str, expected: str) -> InputError:
    return InputError.because(
        where=f"{where}, line {number}",
        found=found,
        expected=expected,
        remedy="Someone or something changed the audit after it was written. Restore both audit files from a "
        "backup, or move them away and give every approval again.",
    )
