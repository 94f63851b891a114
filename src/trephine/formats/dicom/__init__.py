# SPDX-License-Identifier: Apache-2.0
"""Folders of DICOM files, from headers to images that were held against these headers.

``search`` finds and reads files, ``picture`` holds one slice's place and meaning, ``stacks`` sorts slices,
``order`` finds what is missing or double, ``kind`` says what a volume shows, ``convert`` makes an image,
``agreement`` holds it against the slices, ``sidecar`` keeps what may be kept. LPS is turned into RAS where a
header is read, and nowhere else.
"""
