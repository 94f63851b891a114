"""Markups come back where they were, and lie in LPS on disk."""

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trephine.core.frames import SCANNER
from trephine.formats.markups import Markup, markups_bytes, read_markups

POSITIONS = hnp.arrays(np.float64, st.tuples(st.integers(0, 6), st.just(3)), elements=st.floats(-300, 300))


@given(positions=POSITIONS, name=st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
def test_there_and_back(positions, name) -> None:
    labels = tuple(f"{name}-{number}" for number in range(len(positions)))
    made = [Markup(kind="points", name=name, positions_mm=positions, labels=labels, frame=SCANNER)]
    if len(positions) == 2:
        made.append(Markup(kind="line", name="line", positions_mm=positions, labels=labels, frame=SCANNER))
    if len(positions) > 2:
        made += [
            Markup(kind=kind, name=kind, positions_mm=positions, labels=labels, frame=SCANNER)
            for kind in ("curve", "closed curve")
        ]
    data = markups_bytes(made)
    stored = [point["position"] for point in json.loads(data)["markups"][0]["controlPoints"]]
    np.testing.assert_allclose(np.array(stored).reshape(-1, 3), positions * (-1, -1, 1), atol=1e-6)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.mrk.json"
        path.write_bytes(data)
        back = read_markups(path)
    assert [(m.kind, m.name, m.labels) for m in back] == [(m.kind, m.name, m.labels) for m in made]
    for one, other in zip(back, made, strict=True):
        np.testing.assert_allclose(one.positions_mm, other.positions_mm, atol=1e-6)
    assert markups_bytes(back) == data
