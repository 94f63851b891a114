"""A folder that a microscope saves into: whole new pictures, once each."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image

from trephine.core.errors import CancelledError, InputError
from trephine.pipeline import watch
from trephine.pipeline.watch import new_frames


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(3000, dtype=np.uint8).reshape(50, 60)).save(stream, kind)
    return stream.getvalue()


def looks(*acts):
    """One act between two looks; then give up."""
    waiting = list(acts)

    def look() -> None:
        if not waiting:
            raise CancelledError("no frame came")
        waiting.pop(0)()

    return look


def nothing() -> None:
    return None


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(watch, "LOOK_S", 0.0)


def test_a_half_written_picture_is_waited_for_and_old_ones_are_not_new(tmp_path):
    (tmp_path / "old.png").write_bytes(picture("PNG"))
    new, data = tmp_path / "new.png", picture("PNG")
    acts = [lambda: new.write_bytes(data[:-30]), nothing, lambda: new.write_bytes(data[:-1])]
    with pytest.raises(CancelledError):
        next(new_frames(tmp_path, look=looks(*acts, nothing)))
    new.unlink()
    found = next(new_frames(tmp_path, look=looks(*acts, lambda: new.write_bytes(data))))
    assert found.path == new
    assert found.passed_over == ()


def test_what_comes_before_the_first_look_is_new(tmp_path):
    frames = new_frames(tmp_path, look=looks(nothing))
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    assert next(frames).path.name == "a.png"


def test_the_newest_of_several_is_given_and_the_others_are_named(tmp_path):
    def three() -> None:
        for name, age_s in (("b.png", 30), ("a.png", 10), ("c.png", 20)):
            (tmp_path / name).write_bytes(picture("PNG"))
            os.utime(tmp_path / name, (1e9 - age_s, 1e9 - age_s))

    frames = new_frames(tmp_path, look=looks(three, nothing, nothing))
    found = next(frames)
    assert found.path.name == "a.png"
    assert [path.name for path in found.passed_over] == ["b.png", "c.png"]
    with pytest.raises(CancelledError):  # none of them a second time
        next(frames)


def test_a_sidecar_written_anew_makes_its_picture_new(tmp_path):
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    frames = new_frames(
        tmp_path, look=looks(nothing, lambda: (tmp_path / "a.json").write_text("{}"), nothing)
    )
    assert next(frames).path.name == "a.png"


def test_a_tiff_is_taken_when_it_stands_still(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    path, data = tmp_path / "a.tif", picture("TIFF")

    def write(count: int, at_s: float) -> None:
        now[0] = at_s
        path.write_bytes(data[:count])
        os.utime(path, (at_s, at_s))

    def later(at_s: float) -> None:
        now[0] = at_s

    growing = [lambda: write(50, 0.1), lambda: write(100, 0.5), lambda: later(0.9)]
    with pytest.raises(CancelledError):
        next(new_frames(tmp_path, look=looks(*growing)))
    path.unlink()
    frames = new_frames(tmp_path, look=looks(*growing, lambda: later(1.1)))
    assert next(frames).path == path


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        new_frames(tmp_path / "none")


def test_other_and_hidden_files_are_left_alone(tmp_path):
    def write() -> None:
        (tmp_path / ".a.png").write_bytes(picture("PNG"))
        (tmp_path / "a.json").write_text("{}")
        (tmp_path / "a.png.part").write_bytes(picture("PNG"))

    with pytest.raises(CancelledError):
        next(new_frames(tmp_path, look=looks(write, nothing, nothing)))
