"""Algebraic multigrid on a saved system; run by a Python that has pyamg.

``python pyamg_heat.py SYSTEM.npz`` reads the matrix (data, indices, indptr), the right side and the
residual asked for, solves it both ways that pyamg offers, and prints one JSON object with the faster.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pyamg
from scipy import sparse


def main() -> None:
    """Solve and tell."""
    told = np.load(sys.argv[1])
    right = told["right"]
    matrix = sparse.csr_matrix((told["data"], told["indices"], told["indptr"]), shape=(right.size,) * 2)
    answers = []
    for name in ("ruge_stuben_solver", "smoothed_aggregation_solver"):
        start_s = time.perf_counter()
        solver = getattr(pyamg, name)(matrix)
        ready_s = time.perf_counter()
        residuals: list[float] = []
        rise = solver.solve(right, tol=float(told["residual"]), accel="cg", residuals=residuals)
        done_s = time.perf_counter()
        answers.append(
            {
                "name": name, "setup_s": ready_s - start_s, "solve_s": done_s - ready_s,
                "iterations": len(residuals) - 1, "largest": float(rise.max()),
                "residual": float(np.linalg.norm(right - matrix @ rise) / np.linalg.norm(right)),
            }
        )  # fmt: skip
        print(f"  {answers[-1]}", file=sys.stderr, flush=True)
    best = min(answers, key=lambda each: each["setup_s"] + each["solve_s"])
    print(json.dumps({"version": pyamg.__version__, **best}))


if __name__ == "__main__":
    main()
