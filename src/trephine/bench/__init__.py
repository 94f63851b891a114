# SPDX-License-Identifier: Apache-2.0
"""Side-by-side measurements: the same work by us and by a peer, in one run on one machine."""
