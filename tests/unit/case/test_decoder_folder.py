"""Decoders on disk: the same bytes for the same decoder, and no change unseen."""

import json
from pathlib import Path

import numpy as np
import pytest

from trephine.case.decoder_folder import ARRAYS, CARD, read_decoder, write_decoder
from trephine.core.errors import FormatError
from trephine.model.decoder import Decoder, TrainedOn


def made() -> Decoder:
    return Decoder(
        kind="ridge",
        channels=(1, 2),
        bin_s=0.064,
        length_unit="mm",
        arrays={"weights": np.arange(4.0).reshape(2, 2), "offset": np.zeros(2), "narrow": np.array(0.5)},
        chosen={"penalty": 0.1, "history_bins": 8},
        settings={"kind": "ridge", "penalty_shares": [0.1, 1]},
        trained_on=(TrainedOn(name="day", sha256="a" * 64, bins=100, has_labels=True),),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    name = write_decoder(tmp_path / "one", made(), stage_version="1")
    assert write_decoder(tmp_path / "two", made(), stage_version="1") == name
    assert (tmp_path / "one" / ARRAYS).read_bytes() == (tmp_path / "two" / ARRAYS).read_bytes()
    read = read_decoder(tmp_path / "one")
    assert read.arrays.keys() == made().arrays.keys()
    assert (read.arrays["weights"] == made().arrays["weights"]).all()
    assert read.arrays["narrow"].shape == ()
    assert read.chosen == made().chosen
    assert read.trained_on[0].name == "day"


def test_every_change_is_noticed(tmp_path: Path) -> None:
    write_decoder(tmp_path, made(), stage_version="1")
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps(card | {"bin_s": 0.065}))
    with pytest.raises(FormatError, match="does not agree with its hash"):
        read_decoder(tmp_path)
    (tmp_path / CARD).write_text(json.dumps(card))
    data = bytearray((tmp_path / ARRAYS).read_bytes())
    data[200] ^= 1
    (tmp_path / ARRAYS).write_bytes(bytes(data))
    with pytest.raises(FormatError, match=r"hash in decoder\.json"):
        read_decoder(tmp_path)
    (tmp_path / ARRAYS).unlink()
    with pytest.raises(FormatError, match="no readable"):
        read_decoder(tmp_path)
