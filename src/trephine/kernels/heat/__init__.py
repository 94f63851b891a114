# SPDX-License-Identifier: Apache-2.0
"""Heat in blocks of cells: conduction, perfusion, metal, skin."""
