# SPDX-License-Identifier: Apache-2.0
"""Find what this head looks like inside, and how its scans lie on each other.

Inputs: the planning T1; a CT and an angiogram where there are any; the template.
Outputs: ``ImagingResult``: tissues, surfaces, sulcal depth, maps to and from the template, vessels, and one
registration a further scan with its error.
References: vercauteren2009, mattes2003, tustison2010, felzenszwalb2006, fonov2011.
"""

VERSION = "12"

LOOKS_FOR = frozenset({"VASCULAR_MALFORMATION_SUSPECTED"})
"""Findings of abnormal anatomy that this version can make; the screening takes their absence for a no.

BRAIN_ATROPHY_SUSPECTED is not among them: a digital participant whose brain had shrunk by 6 mm was missed.
Nor is CRANIOTOMY_SUSPECTED: made flaps that were put back, and one plate of three, were missed.
"""
