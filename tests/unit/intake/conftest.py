"""Small DICOM series, as scanners write them, of smooth random pictures that no turn maps onto themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from scipy import ndimage

MR, CT = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
T1 = {"ScanningSequence": ["GR", "IR"], "SequenceVariant": ["SP", "MP"], "RepetitionTime": 2300.0,
      "EchoTime": 2.9, "InversionTime": 900.0, "FlipAngle": 9.0, "MRAcquisitionType": "3D"}  # fmt: skip


def smooth(shape: tuple[int, ...], seed: int = 1, top: float = 1000.0) -> np.ndarray:
    """A lump of smooth noise on a dark ground."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=shape), 1.5)
    noise = (noise - noise.min()) / np.ptp(noise)
    edge = np.ones(shape, dtype=bool)
    edge[..., 4:-4, 4:-4] = False
    return np.where(edge, 0.0, 100.0 + top * noise)


@dataclass
class Series:
    """A series to be written; every field may be set before."""

    values: np.ndarray  # (slice, row, column)
    at_mm: np.ndarray | None = None  # along the normal
    shift_mm: np.ndarray | None = None  # down the columns, for a tilt
    turn: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    corner_mm: tuple[float, float, float] = (-30.0, -40.0, -20.0)
    spacing_mm: tuple[float, float] = (2.0, 1.5)
    modality: str = "MR"
    fields: dict[str, Any] = field(default_factory=dict)
    per_slice: Callable[[int], dict[str, Any]] = lambda index: {}
    person: str = "P1"
    series_uid: str = field(default_factory=generate_uid)
    study_uid: str = field(default_factory=generate_uid)
    frame_uid: str = field(default_factory=generate_uid)
    syntax: str = ExplicitVRLittleEndian
    names: Callable[[int], str] = "{:04d}.dcm".format
    slope: float = 1.0
    intercept: float = 0.0

    def position(self, index: int) -> np.ndarray:
        row, column = np.array(self.turn[:3]), np.array(self.turn[3:])
        at = 3.0 * np.arange(len(self.values)) if self.at_mm is None else self.at_mm
        shift = np.zeros(len(self.values)) if self.shift_mm is None else self.shift_mm
        return np.array(self.corner_mm) + np.cross(row, column) * at[index] + column * shift[index]

    def dataset(self, index: int) -> FileDataset:
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = MR if self.modality == "MR" else CT
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = self.syntax
        file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        file.Modality, file.ImageType = self.modality, ["ORIGINAL", "PRIMARY", "OTHER"]
        file.PatientID, file.PatientName = self.person, f"Name^{self.person}"
        file.PatientBirthDate, file.StudyDate, file.PatientSex = "19800102", "20240305", "F"
        file.Manufacturer = "Siemens"
        file.StudyInstanceUID, file.SeriesInstanceUID = self.study_uid, self.series_uid
        file.FrameOfReferenceUID = self.frame_uid
        file.SeriesNumber, file.InstanceNumber = 3, index + 1
        file.SeriesDescription = "scan"
        file.PatientPosition = "HFS"
        file.ImagePositionPatient = [f"{x:.6f}" for x in self.position(index)]
        file.ImageOrientationPatient = [f"{x:.8f}" for x in self.turn]
        file.PixelSpacing, file.SliceThickness = list(self.spacing_mm), 3.0
        self._pixels(file, self.values[index])
        for name, value in {**self.fields, **self.per_slice(index)}.items():
            setattr(file, name, value)
        return file

    def _pixels(self, file: Dataset, values: np.ndarray) -> None:
        stored = np.rint((values - self.intercept) / self.slope).astype(np.int16)
        file.Rows, file.Columns = stored.shape[-2:]
        file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
        file.BitsAllocated = file.BitsStored = 16
        file.HighBit, file.PixelRepresentation = 15, 1
        if self.modality == "CT" or self.slope != 1.0:
            file.RescaleSlope, file.RescaleIntercept = self.slope, self.intercept
        order = ">" if self.syntax == BIG_ENDIAN else "<"
        file.PixelData = stored.astype(order + "i2").tobytes()
        file["PixelData"].VR = "OW"

    def write(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for index in range(len(self.values)):
            path = folder / self.names(index)
            if self.syntax == BIG_ENDIAN:
                dcmwrite(
                    path, self.dataset(index), implicit_vr=False, little_endian=False, force_encoding=True
                )
            else:
                self.dataset(index).save_as(path, enforce_file_format=True)
            paths.append(path)
        return paths

    def write_enhanced(self, path: Path) -> None:
        """All slices as frames of one file."""
        file = self.dataset(0)
        for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
            delattr(file, name)
        file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = ENHANCED_MR
        file.NumberOfFrames = len(self.values)
        shared, frames = Dataset(), []
        shared.PlaneOrientationSequence = Sequence([_of(ImageOrientationPatient=list(self.turn))])
        shared.PixelMeasuresSequence = Sequence([_of(PixelSpacing=list(self.spacing_mm), SliceThickness=3.0)])
        for index in range(len(self.values)):
            frame = Dataset()
            place = [f"{x:.6f}" for x in self.position(index)]
            frame.PlanePositionSequence = Sequence([_of(ImagePositionPatient=place)])
            content = _of(StackID="1", InStackPositionNumber=index + 1, DimensionIndexValues=[1, index + 1])
            frame.FrameContentSequence = Sequence([content])
            frames.append(frame)
        file.SharedFunctionalGroupsSequence = Sequence([shared])
        file.PerFrameFunctionalGroupsSequence = Sequence(frames)
        self._pixels(file, self.values)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.save_as(path, enforce_file_format=True)


def _of(**fields: Any) -> Dataset:
    item = Dataset()
    for name, value in fields.items():
        setattr(item, name, value)
    return item


@pytest.fixture
def t1_series() -> Series:
    """A classic T1 of 12 slices, 32 rows and 30 columns."""
    return Series(values=smooth((12, 32, 30)), fields=dict(T1))


@pytest.fixture
def ct_series() -> Series:
    """A CT with 16 slices of 40 x 36, tilted by 15 degrees and with two steps of spacing."""
    values = smooth((16, 40, 36), seed=2, top=2400.0) - 1000.0
    values[values < -990.0] = -1000.0
    tilt = np.deg2rad(15.0)
    table_mm = np.concatenate([[0.0], np.cumsum([3.0] * 8 + [6.0] * 7)])
    turn = (1.0, 0.0, 0.0, 0.0, float(np.cos(tilt)), float(-np.sin(tilt)))
    return Series(
        values=values,
        at_mm=table_mm * np.cos(tilt),
        shift_mm=-table_mm * np.sin(tilt),
        turn=turn,
        spacing_mm=(1.0, 1.0),
        modality="CT",
        intercept=-1024.0,
        fields={"GantryDetectorTilt": 15.0, "RescaleType": "HU"},
    )


@pytest.fixture
def make_series() -> type[Series]:
    """The class itself, for tests that need another series."""
    return Series


@pytest.fixture
def make_values() -> Callable[..., np.ndarray]:
    """Smooth random pictures."""
    return smooth
