# SPDX-License-Identifier: Apache-2.0
"""Words that every module shares: errors, findings, frames, units, arrays, provenance, progress."""
