from __future__ import annotations

import pytest

from trephine.case import layout
from trephine.core.errors import InternalError


def _filled(spec: layout.FileSpec) -> dict[str, str]:
    return {field: f"{field}7" for field in spec.fields}


def test_every_file_has_its_own_path_and_sidecar() -> None:
    names = [
        spec.relative("sub-01", **{f: "vessel" for f in spec.fields}) for spec in layout.layout().values()
    ]
    sidecars = [layout.sidecar_of(name) for name in names]
    assert len({*names, *sidecars}) == 2 * len(names)


@pytest.mark.parametrize("key", list(layout.layout()))
def test_a_name_parses_back_to_its_entities_and_to_no_other_kind(key: str) -> None:
    spec = layout.spec(key)
    relative = spec.relative("sub-01", **_filled(spec))
    assert spec.parse("sub-01", relative) == _filled(spec)
    others = [k for k, s in layout.layout().items() if s.parse("sub-01", relative) is not None]
    assert others == [key]
    assert spec.parse("sub-02", relative) is None or "sub-01" not in relative


def test_a_missing_or_unknown_field_is_refused() -> None:
    spec = layout.spec("receipt")
    with pytest.raises(InternalError, match="letters and digits"):
        spec.relative("sub-01")
    with pytest.raises(InternalError, match="letters and digits"):
        spec.relative("sub-01", stage="../outside")
    with pytest.raises(InternalError, match="key 'nothing'"):
        layout.spec("nothing")


@pytest.mark.parametrize(
    ("words", "label"), [("right-left", "rightLeft"), ("right", "right"), ("button press 2", "buttonPress2")]
)
def test_words_become_one_label(words: str, label: str) -> None:
    assert layout.label_of(words) == label
