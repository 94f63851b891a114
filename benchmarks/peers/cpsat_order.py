"""The order of insertion as a circuit with precedence in CP-SAT; run by a Python that has ortools.

``python cpsat_order.py JOB.json`` reads cases of integer ways and demands and prints one JSON list.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import ortools
from ortools.sat.python import cp_model


def solved(case: dict[str, Any], limit_s: float) -> dict[str, float]:
    """Return the shortest way found and the bound; the hint is the order given."""
    travel, count = case["travel"], len(case["travel"]) - 1
    model = cp_model.CpModel()
    turn = [model.new_int_var(0, count - 1, f"turn{line}") for line in range(count)]
    arcs, cost, way = [], [], {}
    for i in range(count + 1):
        for j in range(count + 1):
            if i == j:
                continue
            used = model.new_bool_var(f"{i}_{j}")
            way[i, j] = used
            arcs.append((i, j, used))
            cost.append(travel[i][j] * used)
            if i == count:
                model.add(turn[j] == 0).only_enforce_if(used)
            elif j < count:
                model.add(turn[j] == turn[i] + 1).only_enforce_if(used)
    model.add_circuit(arcs)
    for first, then in case["before"]:
        model.add(turn[first] < turn[then])
    model.minimize(sum(cost))
    order = case["order"]
    for place, line in enumerate(order):
        model.add_hint(turn[line], place)
    steps = set(zip([count, *order], [*order, count], strict=True))
    for ends, used in way.items():
        model.add_hint(used, ends in steps)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit_s
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = 0
    status = solver.solve(model)
    return {
        "found": solver.objective_value,
        "bound": solver.best_objective_bound,
        "is_optimal": float(status == cp_model.OPTIMAL),
        "time_s": solver.wall_time,
    }


def main() -> None:
    """Solve every case."""
    job = json.loads(Path(sys.argv[1]).read_text())
    answers = []
    for case in job["cases"]:
        answers.append(solved(case, job["limit_s"]))
        print(f"  {answers[-1]}", file=sys.stderr, flush=True)
    print(json.dumps({"version": ortools.__version__, "answers": answers}))


if __name__ == "__main__":
    main()
