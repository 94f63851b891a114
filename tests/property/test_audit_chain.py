"""No byte of the audit can be changed, dropped or added without being noticed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.case import audit
from trephine.case.store import Case
from trephine.core.errors import InputError


@cache
def _chain() -> bytes:
    with TemporaryDirectory() as folder:
        case = Case.of(Path(folder), "01")
        for stage in ("imaging", "placement"):
            audit.append(
                case, audit.Note(act="run finished", stage=stage, run="r1", receipts={stage: "0" * 64})
            )
        said = audit.Note(
            act="approved", stage="placement", who="Dr Ümit", note="fine\n", receipts={"p": "1" * 64}
        )
        audit.append(case, said)
        return case.path("audit").read_bytes()


def test_the_chain_itself_is_accepted() -> None:
    assert len(audit.verify(_chain(), where="audit")) == 3


@given(st.data())
def test_any_changed_byte_is_noticed_in_its_own_line(data: st.DataObject) -> None:
    chain = _chain()
    place = data.draw(st.integers(0, len(chain) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != chain[place]))
    changed = chain[:place] + bytes([other]) + chain[place + 1 :]
    line = chain[:place].count(b"\n") + 1
    with pytest.raises(InputError, match=f"audit, line {line}:"):
        audit.verify(changed, where="audit")


@given(st.data())
def test_any_dropped_or_added_bytes_inside_are_noticed(data: st.DataObject) -> None:
    chain = _chain()
    place = data.draw(st.integers(0, len(chain) - 1))
    is_dropped = data.draw(st.booleans())
    added = b"" if is_dropped else data.draw(st.binary(min_size=1, max_size=3))
    changed = chain[:place] + added + chain[place + is_dropped :]
    with pytest.raises(InputError, match="audit, line"):
        audit.verify(changed, where="audit")
