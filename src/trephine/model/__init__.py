# SPDX-License-Identifier: Apache-2.0
"""Frozen nouns: what stages hand to one another."""
