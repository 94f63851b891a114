# SPDX-License-Identifier: Apache-2.0
"""Mathematics: arrays in, arrays out, no medicine."""
