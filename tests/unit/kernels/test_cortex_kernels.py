"""Topology, curvature, crossings and fronts against shapes whose answers are known."""

import numpy as np
import pytest
from skimage.measure import marching_cubes

from trephine.kernels.geometry.arrival import arrival
from trephine.kernels.geometry.crossings import crossing_faces
from trephine.kernels.geometry.mesh_graph import mean_curvature, neighbour_mean, smoothed_corners
from trephine.kernels.geometry.topology import euler_number, grown_as_balls, simple_points


def ball_mesh(radius: float, size: int = 41) -> tuple[np.ndarray, np.ndarray]:
    i, j, k = np.indices((size, size, size)) - size // 2
    field = radius - np.sqrt(i**2 + j**2 + k**2)
    points, faces, _, _ = marching_cubes(field.astype(np.float32), 0.0, gradient_direction="ascent")
    return points.astype(float), faces


def wrapped_euler(mask: np.ndarray) -> int:
    field = np.where(np.pad(mask, 1), 0.3, -1.0).astype(np.float32)
    points, faces, _, _ = marching_cubes(field, 0.0)
    return euler_number(faces, len(points))


def test_a_ring_is_cut_where_it_is_weakest() -> None:
    i, j, k = np.indices((40, 40, 16)) - np.array([20, 20, 8]).reshape(3, 1, 1, 1)
    tube = np.hypot(np.hypot(i, j) - 12, k)
    ring = tube < 4
    assert wrapped_euler(ring) == 0
    strength = np.where(ring, 1.0 + 0.02 * i, -np.inf)  # weakest at the low end of i
    ball = grown_as_balls(strength, np.array([[32, 20, 8]]), np.linspace(1.3, 0.6, 8))
    assert wrapped_euler(ball) == 2
    lost = np.argwhere(ring & ~ball)
    assert 0 < len(lost) < 120
    assert lost[:, 0].max() < 13


def test_noise_with_many_rings_becomes_one_ball() -> None:
    from scipy import ndimage

    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(30, 30, 30)), 1.5)
    seed = np.array([np.unravel_index(np.argmax(noise), noise.shape)])
    ball = grown_as_balls(np.where(noise > 0, noise, -np.inf), seed, np.array([0.05, 0.02, 0.0]))
    assert ball.sum() > 3000
    assert wrapped_euler(ball) == 2


def test_simple_points_of_known_neighbourhoods() -> None:
    def code(*offsets: tuple[int, int, int]) -> int:
        return sum(1 << (9 * (a + 1) + 3 * (b + 1) + c + 1) for a, b, c in offsets)

    codes = [code((1, 0, 0)), code((1, 0, 0), (-1, 0, 0)), code((1, 1, 0)), (1 << 27) - 1]
    joined_outside = code((1, 0, 0), (1, 1, 0), (0, 1, 0))
    found = simple_points(np.array([*codes, joined_outside], dtype=np.uint32))
    assert found.tolist() == [True, False, False, False, True]


def test_curvature_of_a_ball_is_one_over_its_radius() -> None:
    points, faces = ball_mesh(15.0)
    smooth = smoothed_corners(points, neighbour_mean(faces, len(points)), 5)
    assert np.median(mean_curvature(smooth, faces)) == pytest.approx(1 / 15, rel=0.03)
    assert np.median(mean_curvature(smooth, faces[:, ::-1])) == pytest.approx(-1 / 15, rel=0.03)


def test_smoothing_keeps_the_size() -> None:
    points, faces = ball_mesh(15.0)
    smooth = smoothed_corners(points, neighbour_mean(faces, len(points)), 10)
    assert np.linalg.norm(smooth - 20, axis=1).mean() == pytest.approx(15.0, abs=0.1)


def test_crossings_are_found_where_two_balls_meet_and_nowhere_else() -> None:
    points, faces = ball_mesh(8.0, 21)
    assert len(crossing_faces(points, faces)) == 0
    both = np.concatenate([points, points + (9.0, 2.3, 1.1)])
    two = np.concatenate([faces, faces + len(points)])
    pairs = crossing_faces(both, two)
    assert len(pairs) > 50
    centre = both[two[pairs]].mean(axis=2)
    assert np.abs(np.linalg.norm(centre[:, 0] - 10, axis=1) - 8).max() < 0.6
    apart = np.concatenate([points, points + (18.0, 0, 0)])
    assert len(crossing_faces(apart, two)) == 0
    some = np.zeros(len(both), dtype=bool)
    some[two[pairs[0]]] = True
    near = crossing_faces(both, two, moved=some)
    assert 0 < len(near) < len(pairs)


def test_a_front_arrives_by_distance_and_later_through_slow_ground() -> None:
    i, j, k = np.indices((31, 31, 31)) - 15
    radius = np.sqrt(i**2 + j**2 + k**2)
    open_ground = np.where(radius < 14, 1.0, np.inf)
    times = arrival(np.where(radius < 5, radius - 3, np.inf), radius < 5, open_ground, sweeps=20)
    near = (radius > 6) & (radius < 11)
    assert np.abs(times - (radius - 3))[near].max() < 0.5
    assert np.abs(times - (radius - 3))[near].mean() < 0.25
    slow = arrival(np.where(radius < 5, radius - 3, np.inf), radius < 5, 2 * open_ground, sweeps=20)
    assert np.abs((slow[near] - 2) - 2 * (times[near] - 2)).mean() < 0.6
    assert slow[near].min() > times[near].min()


def edges_through(corners: np.ndarray) -> np.ndarray:
    """Whether an edge of one triangle (row) passes through another (column), by signs of volumes."""

    def side(a, b, c, d):
        return np.sign(np.einsum("...i,...i->...", np.cross(b - a, c - a), d - a))

    a, b, c = (corners[None, :, turn] for turn in range(3))
    through = np.zeros((len(corners), len(corners)), dtype=bool)
    for turn in range(3):
        p, q = corners[:, None, turn], corners[:, None, (turn + 1) % 3]
        p, q, one, two, three = np.broadcast_arrays(p, q, a, b, c)
        turns = side(p, q, one, two) + side(p, q, two, three) + side(p, q, three, one)
        through |= (side(one, two, three, p) != side(one, two, three, q)) & (np.abs(turns) == 3)
    np.fill_diagonal(through, False)
    return through


def test_crossings_of_large_and_small_triangles_are_those_of_looking_at_every_pair() -> None:
    # Sizes over two powers of ten, far from the origin: cubes are as large as a usual triangle.
    draw = np.random.default_rng(5)
    size = 10 ** draw.uniform(-1, 1, (300, 1, 1))
    corners = draw.uniform(0, 12, (300, 1, 3)) + size * draw.normal(size=(300, 3, 3)) + 200
    points, faces = corners.reshape(-1, 3), np.arange(900).reshape(-1, 3)
    pierces = edges_through(corners)
    every = {(one, other) for one, other in np.argwhere(pierces | pierces.T).tolist() if one < other}
    found = {tuple(sorted(pair)) for pair in crossing_faces(points, faces).tolist()}
    assert len(every) > 200
    assert found == every
    moved = np.zeros(len(points), dtype=bool)
    moved[:90:3] = True
    some = {tuple(sorted(pair)) for pair in crossing_faces(points, faces, moved=moved).tolist()}
    assert some == {pair for pair in every if pair[0] < 30}
    assert len(crossing_faces(points, faces, moved=np.zeros(len(points), dtype=bool))) == 0


def lone_pairs(count: int) -> np.ndarray:
    """Corners of pairs of small triangles that pierce each other, every pair far from all others."""
    draw = np.random.default_rng(7)
    side = np.array([(0.0, -1.0, -1.0), (0.0, 2.0, -0.5), (0.0, -0.5, 2.0)])
    through = np.array([(-1.0, 0.1, 0.0), (1.2, 0.0, 0.1), (0.2, 0.1, 9.0)])  # one edge pierces the first
    spin = np.linalg.qr(draw.normal(size=(count, 3, 3)))[0]
    turned = np.einsum("nij,pkj->npki", spin, np.stack([side, through * (1, 1, 0.3)]))
    place = 20.0 * np.stack(np.unravel_index(np.arange(count), (8, 8, 8)), axis=1) + draw.uniform(
        0, 9, (count, 3)
    )
    return turned + place[:, None, None]


def test_every_lone_crossing_is_found_once_wherever_it_lies() -> None:
    # A pair lies in one or two cubes: a cube that is not looked at loses it.
    count = 300
    corners = lone_pairs(count)
    points, faces = corners.reshape(-1, 3), np.arange(6 * count).reshape(-1, 3)
    wanted = [(2 * number, 2 * number + 1) for number in range(count)]
    assert crossing_faces(points, faces).tolist() == [list(pair) for pair in wanted]
    # The piercing triangle may be the first or the second of a pair, and the mesh may be listed backwards.
    back = np.sort(2 * count - 1 - crossing_faces(points, faces[::-1]), axis=1)
    assert sorted(map(tuple, back.tolist())) == wanted
    # One corner that moved names its own pair, whichever of both triangles has it.
    for number in (0, 41, 299):
        for corner in range(6):
            moved = np.zeros(len(points), dtype=bool)
            moved[6 * number + corner] = True
            assert crossing_faces(points, faces, moved=moved).tolist() == [list(wanted[number])]


def test_triangles_that_only_come_near_do_not_cross() -> None:
    corners = lone_pairs(100)
    first, second = corners[:, 0], corners[:, 1]
    normal = np.cross(first[:, 1] - first[:, 0], first[:, 2] - first[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    apart = np.stack([first, second + 3.0 * normal[:, None]], axis=1).reshape(-1, 3)
    assert len(crossing_faces(apart, np.arange(600).reshape(-1, 3))) == 0
    # Two that share a corner touch there, and are not looked at.
    fan = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0.5, 0.2, -1), (0.5, 0.2, 1)], dtype=float)
    assert len(crossing_faces(fan, np.array([(0, 1, 2), (0, 3, 4)]))) == 0
    assert len(crossing_faces(fan, np.array([(0, 1, 2), (2, 3, 4)]))) == 0
    assert len(crossing_faces(np.vstack([fan, fan[:1]]), np.array([(5, 1, 2), (0, 3, 4)]))) == 1
    assert crossing_faces(fan, np.empty((0, 3), dtype=np.int64)).shape == (0, 2)


def test_a_crowded_cube_is_looked_through_to_its_end() -> None:
    # All in one cube: a fan of parallel triangles and one across them all.
    height = np.linspace(0, 1, 60)
    flat = np.array([(-9.0, -9.0, 0.0), (9.0, -9.0, 0.0), (0.0, 12.0, 0.0)])
    sheets = np.repeat(flat[None], 60, axis=0)
    sheets[:, :, 2] = height[:, None]
    needle = np.array([[(0.0, 0.0, -1.0), (0.3, 0.0, -1.0), (0.1, 0.1, 2.0)]])
    points = np.concatenate([sheets, needle]).reshape(-1, 3)
    found = crossing_faces(points, np.arange(183).reshape(-1, 3))
    assert found.tolist() == [[sheet, 60] for sheet in range(60)]
