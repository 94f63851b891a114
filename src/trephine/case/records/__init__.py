# SPDX-License-Identifier: Apache-2.0
"""One file per noun: how it is laid into the case folder, and read back.

Each has ``write(noun, writer)`` and ``read(case)``. What a later stage works with is always read back from
the disk, also within one run, so that a resumed run cannot differ from an uninterrupted one.
"""
