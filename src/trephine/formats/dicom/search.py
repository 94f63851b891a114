# SPDX-License-Identifier: Apache-2.0
"""Find the DICOM files of a folder or archive and read their headers."""

from __future__ import annotations

import shutil
import tarfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.tag import Tag

from trephine.core.errors import FormatError, StorageError
from trephine.core.progress import Progress, silent
from trephine.formats.dicom.fields import READ
from trephine.formats.dicom.picture import Picture, pictures_of
from trephine.formats.dicom.whole import is_whole

_USED = ("CT", "MR")
"""Only of these a damaged picture matters; others are left aside in any case."""
_PREAMBLE_BYTES = 132
_TELL_EVERY = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a folder holds.

    Parameters
    ----------
    pictures
        Slices of all readable DICOM images.
    others
        Files that are no DICOM, by name.
    without_picture
        DICOM files without a picture (structured reports, spectra, directories), by name.
    """

    pictures: tuple[Picture, ...]
    others: tuple[str, ...]
    without_picture: tuple[str, ...]


def unpacked(source: Path, scratch: Path) -> Path:
    """Return a folder with the source's files: the folder itself, or an archive's content.

    Parameters
    ----------
    source
        A folder, or a ``.zip`` or ``.tar`` archive, compressed or not.
    scratch
        Where an archive is unpacked to.

    Returns
    -------
    Path
        A folder.

    Raises
    ------
    FormatError
        If the source is neither, or the archive is damaged or points outside itself.
    """
    if source.is_dir():
        return source
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                archive.extractall(scratch)
            return scratch
        if source.is_file() and tarfile.is_tarfile(source):
            with tarfile.open(source) as archive:
                _unpack_files(archive, scratch)
            return scratch
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise FormatError.because(
            where=str(source),
            found=f"an archive that cannot be unpacked ({type(error).__name__}: {error})",
            expected="a whole archive",
            remedy="Copy it anew, or unpack it yourself and name the folder.",
        ) from error
    raise FormatError.because(
        where=str(source),
        found="a file that is no archive" if source.exists() else "no such folder",
        expected="a folder, .zip or .tar archive with scans",
        remedy="Name the folder that the hospital's disc or archive was copied to.",
    )


def _unpack_files(archive: tarfile.TarFile, scratch: Path) -> None:
    """Write an archive's plain files; links and devices are left, since scans are none.

    Done by hand: the safe filter of ``extractall`` is missing from Python 3.11.0 to 3.11.3.
    """
    root = scratch.resolve()
    for member in archive:
        content = archive.extractfile(member) if member.isfile() else None
        if content is None:
            continue
        target = (root / member.name).resolve()
        if not target.is_relative_to(root):
            raise tarfile.TarError(f"{member.name} points outside the archive")
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)


def find_pictures(folder: Path, *, progress: Progress = silent) -> Found:
    """Read the headers of every DICOM file below a folder, whatever its name.

    Parameters
    ----------
    folder
        Searched with all its folders.
    progress
        Told every few files.

    Returns
    -------
    Found
        Slices in the order of the files' names, and what was left aside.

    Raises
    ------
    FormatError
        If a DICOM file is cut short or damaged; all of them are named.
    StorageError
        If a file may not be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    pictures: list[Picture] = []
    others, empty, broken = [], [], []
    for done, path in enumerate(paths):
        if done % _TELL_EVERY == 0:
            progress(done, len(paths), "headers")
        name = str(path.relative_to(folder))
        if not _is_dicom(path):
            others.append(name)
            continue
        try:
            file, start = _read(path)
            if "Rows" not in file:
                empty.append(name)
            elif file.get("Modality") in _USED and not is_whole(path, file, start):
                broken.append(f"{name} (its picture is cut short)")
            else:
                pictures.extend(pictures_of(path, file))
        except FormatError as error:
            broken.append(f"{name} ({error})")
    if broken:
        raise FormatError.because(
            where=str(folder),
            found=f"{len(broken)} damaged DICOM files: {'; '.join(broken)}",
            expected="whole files",
            remedy="Copy or export these files anew; without them nobody knows what is missing.",
        )
    return Found(pictures=tuple(pictures), others=tuple(others), without_picture=tuple(empty))


def _is_dicom(path: Path) -> bool:
    """Whether the file says at byte 128 that it is DICOM."""
    try:
        with path.open("rb") as stream:
            return stream.read(_PREAMBLE_BYTES)[128:] == b"DICM"
    except OSError as error:
        raise StorageError.because(
            where=str(path),
            found=f"a file that the system does not let us read ({error.strerror})",
            expected="a readable one",
            remedy="Give yourself read permission, or copy the file anew.",
        ) from error


def _read(path: Path) -> tuple[FileDataset, int]:
    """Read a header and the byte at which it ends. Odd values are judged where they are used."""
    try:
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")
            file = dcmread(
                stream, stop_before_pixels=True, force=False, specific_tags=[Tag(name) for name in READ]
            )
            file.walk(lambda _, __: None)
            return file, stream.tell()
    except Exception as error:
        raise FormatError(f"its header is damaged: {type(error).__name__}") from error
