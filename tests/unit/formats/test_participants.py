"""participants.tsv: what is said, and what is left unsaid."""

import pytest

from trephine.core.errors import FormatError
from trephine.formats.participants import read_participant


def test_not_said_is_neither_yes_nor_no(tmp_path) -> None:
    path = tmp_path / "participants.tsv"
    path.write_text(
        "participant_id\tage\tbmi\tneeds_mri\tuses_tobacco\thandedness\n"
        "sub-02\t50\t22\tno\tno\tleft\nsub-01\tn/a\t31.5\tYes\tn/a\tright\n"
    )
    person = read_participant(path, "01")
    assert (person.age_years, person.body_mass_index_kg_per_m2) == (None, 31.5)
    assert (person.needs_mri, person.uses_tobacco, person.has_seizures) == (True, None, None)
    assert read_participant(None, "01").needs_mri is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("sub-01\tabc\tno", "'abc'"),
        ("sub-01\t1.8\tno", "body_mass_index: found 1.8"),
        ("sub-01\t25\tmaybe", "yes, no or n/a"),
        ("sub-02\t25\tno", "0 rows"),
        ("sub-01\t25\tno\nsub-01\t26\tno", "2 rows"),
    ],
)
def test_what_is_not_understood_is_refused(row, words, tmp_path) -> None:
    path = tmp_path / "participants.tsv"
    path.write_text(f"participant_id\tbody_mass_index\thas_implant\n{row}\n")
    with pytest.raises(FormatError, match=words):
        read_participant(path, "01")
