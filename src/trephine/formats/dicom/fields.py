# SPDX-License-Identifier: Apache-2.0
"""The only fields that are read of a DICOM file: others, the private ones first, are many times as large."""

from __future__ import annotations

from typing import Final

CSA: Final = 0x00291010
"""Siemens' private header; read for the slices' direction in a mosaic."""
MOSAIC_COUNT: Final = 0x0019100A

READ: Final = (
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "StudyDate", "Modality",
    "SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName", "PatientName", "PatientID",
    "PatientBirthDate", "PatientSex", "PatientAge", "ContrastBolusAgent", "ContrastBolusAgentSequence",
    "ScanningSequence", "SequenceVariant", "MRAcquisitionType", "AngioFlag", "SliceThickness", "KVP",
    "RepetitionTime", "EchoTime", "InversionTime", "EchoNumbers", "MagneticFieldStrength",
    "SpacingBetweenSlices", "PixelBandwidth", "TriggerTime", "GantryDetectorTilt", "XRayTubeCurrent",
    "ConvolutionKernel", "FlipAngle", "PatientPosition", "EffectiveEchoTime", "EchoPulseSequence",
    "EchoPlanarPulseSequence", "Spoiling", "TimeOfFlightContrast", "InversionTimes", "AcquisitionContrast",
    "ComplexImageComponent", "DiffusionBValue", "FrameType", "StudyInstanceUID", "SeriesInstanceUID",
    "SeriesNumber", "AcquisitionNumber", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient",
    "FrameOfReferenceUID", "TemporalPositionIdentifier", "TemporalPositionIndex", "FrameAcquisitionNumber",
    "ImagesInAcquisition", "StackID", "InStackPositionNumber", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "PixelSpacing", "BitsAllocated",
    "RescaleIntercept", "RescaleSlope", "RescaleType", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", CSA, MOSAIC_COUNT,
)  # fmt: skip
