# SPDX-License-Identifier: Apache-2.0
"""Answer whether this person may be implanted.

It answers by rules, each with its verdict: pass, concern, block, or unknown where what is needed is missing.

Inputs: what the study says of the person, the anatomy, the hand map, vessels where an angiography was made,
the device, and the rules of ``safety/screening.toml``. Output: a ``Screening``, and one finding for every
rule that is not passed. It changes nothing and plans nothing.

References: canprime (criteria of a public trial), skulltables (bone), hou2016, shinoura and jang (hand area).
"""

VERSION = "3"
