# SPDX-License-Identifier: Apache-2.0
"""Scans as a hospital hands them over, brought into a BIDS study without identity and without faces."""
