from __future__ import annotations

import pytest

from trephine.case import audit
from trephine.case.store import Case
from trephine.core.errors import InputError


def _fill(case: Case, count: int = 3) -> None:
    for number in range(count):
        note = audit.Note(act="run finished", stage=f"stage{number}", run="r", receipts={"a": "0" * 64})
        audit.append(case, note)


def test_an_untouched_case_has_an_empty_audit(case: Case) -> None:
    assert audit.read(case) == ()


def test_lines_are_numbered_and_chained(case: Case) -> None:
    _fill(case)
    entries = audit.read(case)
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert [entry.previous_sha256 for entry in entries[1:]] == [entry.sha256 for entry in entries[:-1]]


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_changed_line_is_named(case: Case, line: int) -> None:
    _fill(case)
    path = case.path("audit")
    path.write_bytes(path.read_bytes().replace(f"stage{line - 1}".encode(), b"stageX"))
    with pytest.raises(InputError, match=rf"audit.jsonl, line {line}: found"):
        audit.read(case)


def test_a_removed_line_is_named(case: Case) -> None:
    _fill(case)
    path = case.path("audit")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(InputError, match="line 2"):
        audit.read(case)


def test_a_cut_tail_is_noticed(case: Case) -> None:
    _fill(case)
    path = case.path("audit")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.raises(InputError, match="line 3: found 2 lines; expected 3 lines"):
        audit.read(case)
    path.unlink()
    with pytest.raises(InputError, match="line 1: found 0 lines"):
        audit.read(case)


def test_a_removed_head_is_noticed(case: Case) -> None:
    _fill(case)
    case.path("audit_head").unlink()
    with pytest.raises(InputError, match=r"no audit_head.json"):
        audit.read(case)


def test_a_whole_chain_written_anew_does_not_fit_the_head(case: Case, tmp_path_factory) -> None:
    _fill(case)
    other = Case.of(tmp_path_factory.mktemp("other"), "01")
    for _ in range(3):
        audit.append(other, audit.Note(act="approved", stage="placement", who="Eve", receipts={}))
    case.path("audit").write_bytes(other.path("audit").read_bytes())
    with pytest.raises(InputError, match=r"another line than audit_head.json notes"):
        audit.read(case)


def test_a_run_that_died_between_line_and_head_is_no_tampering(case: Case) -> None:
    _fill(case, 2)
    head = case.path("audit_head").read_bytes()
    audit.append(case, audit.Note(act="approved", stage="x", who="A", receipts={}))
    case.path("audit_head").write_bytes(head)
    assert len(audit.read(case)) == 3
    _fill(case, 1)
    assert len(audit.read(case)) == 4


def test_a_broken_chain_takes_no_more_lines(case: Case) -> None:
    _fill(case)
    path = case.path("audit")
    path.write_bytes(path.read_bytes() + b"{}\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match="line 4"):
        _fill(case, 1)
    assert path.read_bytes() == before


def _forged(case: Case, line: int, **changes: object) -> bytes:
    """The chain with one line rewritten so that its own hash fits again."""
    entries = list(audit.read(case))
    entry = entries[line - 1].model_copy(update=changes)
    entries[line - 1] = entry.model_copy(update={"sha256": entry.digest()})
    return b"".join(entry.line() for entry in entries)


def test_a_line_forged_with_its_own_hash_breaks_the_link_of_the_next(case: Case) -> None:
    _fill(case)
    with pytest.raises(InputError, match="line 2: found a link to another line before it"):
        audit.verify(_forged(case, 1, who="Eve"), where="audit")


def test_a_forged_number_is_noticed(case: Case) -> None:
    _fill(case)
    with pytest.raises(InputError, match="line 3: found content that differs"):
        audit.verify(_forged(case, 3, number=4), where="audit")


def test_another_spelling_of_the_same_content_is_noticed(case: Case) -> None:
    _fill(case)
    data = case.path("audit").read_bytes().replace(b'"number":2', b'"number": 2')
    with pytest.raises(InputError, match="line 2: found a line that is not as trephine wrote it"):
        audit.verify(data, where="audit")
