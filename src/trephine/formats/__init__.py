# SPDX-License-Identifier: Apache-2.0
"""Files of the outside world: one module per standard, to and from the nouns of ``model``.

The only place where nibabel and Pillow are imported, where millimetres are made from other units of length,
and where LPS exists. Nothing is repaired in silence: a file is read as its standard says or refused with an
error that names the file, what was found, what was expected and what to do.
"""
