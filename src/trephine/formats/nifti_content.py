# SPDX-License-Identifier: Apache-2.0
"""Bytes of a NIfTI file: whole, and of the kind that the suffix says."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import nibabel as nib
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from trephine.core.errors import FormatError
from trephine.formats.content import read_bytes

_GZIP_MAGIC = b"\x1f\x8b"
_HEADER_SIZES = {348: nib.Nifti1Image, 540: nib.Nifti2Image}
_OTHER_KINDS = (
    (b"\xff\xd8\xff", 0, "a JPEG picture"),
    (b"\x89PNG", 0, "a PNG picture"),
    (b"II*\x00", 0, "a TIFF picture"),
    (b"DICM", 128, "a DICOM file"),
    (b"NRRD", 0, "an NRRD file"),
    (b"PK\x03\x04", 0, "a zip archive"),
    (b"version https://git-lfs", 0, "a Git LFS pointer instead of the file itself"),
    (b"/annex/", 0, "a git-annex pointer instead of the file itself"),
)


def read_image(path: Path) -> nib.Nifti1Image:
    """Read a NIfTI file into memory after checking that all of it is there.

    Parameters
    ----------
    path
        A ``.nii`` or ``.nii.gz`` file.

    Returns
    -------
    nibabel.Nifti1Image
        The image, or its NIfTI-2 sibling.

    Raises
    ------
    FormatError
        If the content is of another kind than the suffix says, or cut short.
    """
    is_gzip_name = path.name.endswith(".nii.gz")
    if not is_gzip_name and path.suffix != ".nii":
        raise FormatError.because(
            where=str(path),
            found=f"a name ending in {path.suffix!r}",
            expected="a NIfTI file, .nii or .nii.gz",
            remedy="Convert the scan to NIfTI, for example with dcm2niix.",
        )
    data = read_bytes(path)
    is_gzip = data.startswith(_GZIP_MAGIC)
    if is_gzip and not is_gzip_name:
        raise FormatError.because(
            where=str(path),
            found="gzip-compressed content under the suffix .nii",
            expected="uncompressed NIfTI content",
            remedy="Rename the file to end in .nii.gz.",
        )
    content = _unzipped(path, data) if is_gzip else data
    image_class = _image_class(path, content, is_compressed=is_gzip)
    if is_gzip_name and not is_gzip:
        raise FormatError.because(
            where=str(path),
            found="uncompressed NIfTI content under the suffix .nii.gz",
            expected="gzip-compressed content",
            remedy="Rename the file to end in .nii, or compress it with gzip.",
        )
    return _parsed(path, content, image_class)


def _unzipped(path: Path, data: bytes) -> bytes:
    """Return the uncompressed content; refuse a stream that is cut short or damaged."""
    try:
        return gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError.because(
            where=str(path),
            found=f"a gzip stream that is cut short or damaged ({error}; {len(data)} bytes on disk)",
            expected="a complete gzip stream",
            remedy="Copy or download the file anew and compare its size or checksum with the source.",
        ) from error


def _image_class(path: Path, content: bytes, *, is_compressed: bool) -> type[nib.Nifti1Image]:
    """Tell NIfTI-1 from NIfTI-2 by the header's length field; refuse all else."""
    for order in ("little", "big"):
        size = int.from_bytes(content[:4], "little" if order == "little" else "big")
        if size in _HEADER_SIZES and len(content) >= size:
            return _HEADER_SIZES[size]
    kinds = [kind for magic, at, kind in _OTHER_KINDS if content[at : at + len(magic)] == magic]
    found = kinds[0] if kinds else f"content that begins with the bytes {content[:8].hex(' ')}"
    raise FormatError.because(
        where=str(path),
        found=found + (" inside the gzip stream" if is_compressed else ""),
        expected="a NIfTI-1 or NIfTI-2 image",
        remedy="Put the scan itself there, converted to NIfTI (for example with dcm2niix).",
    )


def _parsed(path: Path, content: bytes, image_class: type[nib.Nifti1Image]) -> nib.Nifti1Image:
    """Parse checked content; refuse a broken header, and voxels that are fewer than it says."""
    try:
        image = image_class.from_bytes(content)
        header = image.header
        needed = int(header.get_data_offset()) + int(header["bitpix"]) // 8 * _voxel_count(image.shape)
    except (HeaderDataError, ImageFileError, ValueError, KeyError) as error:
        raise FormatError.because(
            where=str(path),
            found=f"a NIfTI header that cannot be read ({error})",
            expected="a valid header",
            remedy="Convert the scan to NIfTI anew from its source.",
        ) from error
    if len(content) < needed:
        raise FormatError.because(
            where=str(path),
            found=f"{len(content)} bytes of image",
            expected=f"{needed} bytes, as its header says (shape {image.shape})",
            remedy="Copy or download the file anew: it is cut short.",
        )
    return image


def _voxel_count(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= int(length)
    return count
