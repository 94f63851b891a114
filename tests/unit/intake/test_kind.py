"""Kinds are judged by physics; words only decide where physics leave it open."""

import pytest

from trephine.formats.dicom.kind import Kind, judge
from trephine.formats.dicom.order import ordered
from trephine.formats.dicom.search import find_pictures
from trephine.formats.dicom.stacks import sort_into_stacks

SE = {"ScanningSequence": "SE", "SequenceVariant": "SK"}
GR = {"ScanningSequence": "GR", "SequenceVariant": "SP"}
AGENT = {"ContrastBolusAgent": "Gadovist"}


def times(tr, te, **more):
    return {"RepetitionTime": float(tr), "EchoTime": float(te), **more}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({**GR, **times(2300, 3, InversionTime=900.0)}, Kind.T1W),
        ({**GR, **times(8, 3.5, FlipAngle=8.0)}, Kind.T1W),
        ({**SE, **times(500, 12)}, Kind.T1W),
        ({**SE, **times(500, 12), **AGENT}, Kind.CE_T1W),
        ({**SE, **times(500, 12), "ContrastBolusAgent": "NONE"}, Kind.T1W),
        ({**SE, **times(5000, 95), "SeriesDescription": "T1 mislabelled"}, Kind.T2W),
        ({**SE, **times(3000, 20)}, Kind.PDW),
        ({**SE, **times(9000, 120, InversionTime=2500.0)}, Kind.UNKNOWN),
        ({**GR, **times(24, 4), "AngioFlag": "Y"}, Kind.ANGIO),
        ({**GR, **times(24, 4, FlipAngle=18.0), "SeriesDescription": "3D TOF"}, Kind.ANGIO),
        ({**GR, **times(28, 20), "ImageType": ["ORIGINAL", "PRIMARY", "M", "SWI"]}, Kind.SWI),
        ({**GR, **times(600, 20)}, Kind.UNKNOWN),
        ({"SeriesDescription": "MPRAGE sag"}, Kind.T1W),
        ({"SeriesDescription": "T1 and T2"}, Kind.UNKNOWN),
        ({}, Kind.UNKNOWN),
    ],
)
def test_mr(tmp_path, make_series, make_values, fields, kind) -> None:
    make_series(values=make_values((3, 16, 16)), fields=fields).write(tmp_path)
    (stack,) = sort_into_stacks(find_pictures(tmp_path).pictures)
    assert judge(ordered(stack)[0]).kind is kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.CT),
        ({"ContrastBolusAgent": "Iomeron", "SeriesDescription": "CTA head"}, Kind.CTA),
        ({"ContrastBolusAgent": "Iomeron"}, Kind.UNKNOWN),
        ({"SeriesDescription": "CTA head"}, Kind.UNKNOWN),
        ({"RescaleType": "Z_EFF"}, Kind.UNKNOWN),
    ],
)
def test_ct(tmp_path, ct_series, fields, kind) -> None:
    ct_series.fields |= fields
    ct_series.write(tmp_path)
    (stack,) = sort_into_stacks(find_pictures(tmp_path).pictures)
    assert judge(ordered(stack)[0]).kind is kind
