"""The case folder: what is known of one participant, on disk, and who approved it.

Every file is named in ``layout.toml``, written whole or not at all, and accompanied by a sidecar that says
what it was made from. A stage's results exist only when its receipt does and every hash in it agrees.
"""
# SPDX-License-Identifier: Apache-2.0
