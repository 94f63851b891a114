# SPDX-License-Identifier: Apache-2.0
"""Digital participants: people made from a seed, scanned on paper, with known answers.

Question answered: what would the scans and the microscope show of a head about which everything is known?
Inputs: a seed, a voxel size, and the average brain that the nilearn wheel carries.
Outputs: a BIDS study of one person and, under ``derivatives/phantom``, the truth behind it.

References
----------
fonov2011, cuntz2010, murray1926
"""

from trephine.phantom.settings import Settings
from trephine.phantom.study import make_study

__all__ = ["Settings", "make_study"]
