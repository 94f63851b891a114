# SPDX-License-Identifier: Apache-2.0
"""Find the face in a scan of the head and take it away, and nothing that planning needs.

Inputs: scans of one person, the template. Outputs: each scan without its face, or the word that it cannot be
found with trust. Reference: bischoffgrethe2007.
"""
