# SPDX-License-Identifier: Apache-2.0
"""A decoder as a folder of two files: parameters, and what they are, each hashed."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trephine import __version__
from trephine.case.disk import json_bytes, write_atomically
from trephine.core.errors import FormatError
from trephine.core.provenance import sha256_of_bytes, sha256_of_json
from trephine.model.decoder import Decoder, DecoderKind, TrainedOn

ARRAYS = "decoder.npz"
CARD = "decoder.json"
_HASH = Field(pattern=r"^[0-9a-f]{64}$")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Source(_Part):
    name: str
    sha256: str = _HASH
    bins: int
    has_labels: bool


class Card(_Part):
    """What ``decoder.json`` holds.

    Parameters
    ----------
    schema_version
        Of this layout.
    kind, channels, bin_s, length_unit, chosen, settings, trained_on
        As in ``Decoder``.
    stage_version, trephine_version
        What trained it.
    arrays_sha256
        Of ``decoder.npz``.
    sha256
        Of all the rest in canonical JSON: the name by which a decoder is called.
    """

    schema_version: Literal[1] = 1
    kind: DecoderKind
    channels: tuple[int, ...]
    bin_s: float
    length_unit: str
    chosen: dict[str, float]
    settings: dict[str, Any]
    trained_on: tuple[_Source, ...]
    stage_version: str
    trephine_version: str
    arrays_sha256: str = _HASH
    sha256: str = _HASH


def write_decoder(folder: Path, decoder: Decoder, *, stage_version: str) -> str:
    """Write a decoder, parameters first, so that a card without them never stands.

    Parameters
    ----------
    folder
        Where to; an older decoder in it is replaced.
    decoder
        What to write.
    stage_version
        Of the stage that trained it.

    Returns
    -------
    str
        Its hash. Equal decoders give equal bytes.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    stream = io.BytesIO()
    np.savez(
        stream, allow_pickle=False, **{name: np.asarray(values) for name, values in decoder.arrays.items()}
    )
    data = stream.getvalue()
    plain: dict[str, Any] = {
        "schema_version": 1,
        "kind": decoder.kind,
        "channels": list(decoder.channels),
        "bin_s": decoder.bin_s,
        "length_unit": decoder.length_unit,
        "chosen": dict(decoder.chosen),
        "settings": dict(decoder.settings),
        "trained_on": [asdict(one) for one in decoder.trained_on],
        "stage_version": stage_version,
        "trephine_version": __version__,
        "arrays_sha256": sha256_of_bytes(data),
    }
    card = _signed(plain)
    write_atomically(folder / ARRAYS, data)
    write_atomically(folder / CARD, json_bytes(card))
    return card.sha256


def read_decoder(folder: Path) -> Decoder:
    """Read a decoder back and check both hashes.

    Raises
    ------
    FormatError
        If a file is missing, damaged, or not what was written.
    """
    try:
        plain = json.loads((folder / CARD).read_bytes())
        card = Card.model_validate(plain)
        data = (folder / ARRAYS).read_bytes()
    except (OSError, ValueError, ValidationError) as error:
        raise _refusal(folder, f"no readable {CARD} and {ARRAYS} ({_short(error)})") from error
    if _signed(plain) != card:
        raise _refusal(folder / CARD, "content that does not agree with its hash")
    if sha256_of_bytes(data) != card.arrays_sha256:
        raise _refusal(folder / ARRAYS, f"content that does not agree with the hash in {CARD}")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except (zipfile.BadZipFile, ValueError) as error:
        raise _refusal(folder / ARRAYS, "no archive of arrays") from error
    return Decoder(
        kind=card.kind,
        channels=card.channels,
        bin_s=card.bin_s,
        length_unit=card.length_unit,
        arrays=arrays,
        chosen=card.chosen,
        settings=card.settings,
        trained_on=tuple(TrainedOn(**one.model_dump()) for one in card.trained_on),
    )


def decoder_hash(folder: Path) -> str:
    """Return the hash by which a decoder on disk is called."""
    return str(json.loads((folder / CARD).read_bytes())["sha256"])


def _signed(plain: dict[str, Any]) -> Card:
    """Return the card with the hash of everything else on it."""
    card = Card.model_validate({**plain, "sha256": "0" * 64})
    told = card.model_dump(mode="json", exclude={"sha256"})
    return card.model_copy(update={"sha256": sha256_of_json(told)})


def _short(error: Exception) -> str:
    return str(error).splitlines()[0]


def _refusal(where: Path, found: str) -> FormatError:
    return FormatError.because(
        where=str(where),
        found=found,
        expected="a decoder as `trephine train` wrote it",
        remedy="Train it again, or copy the whole folder anew.",
    )
