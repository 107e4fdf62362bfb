"""Clips hold what was drawn: as many pictures, as large, no flicker, never larger than asked for."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from emergent.model_file import ModelFile
from emergent.view.clips import EXTENT, Form, record, write_clip

_COUNT, _EXTENT = 12, (160, 90)


@pytest.fixture
def pictures():
    """A white box moves over a coloured ground."""
    ground = np.zeros((90, 160, 3), np.uint8)
    ground[:, :80], ground[:, 80:] = (30, 90, 40), (20, 30, 120)
    drawn = [ground.copy() for _ in range(_COUNT)]
    for number, picture in enumerate(drawn):
        picture[40:50, 10 * number : 10 * number + 10] = 250
    return drawn


def _frames(path):
    with Image.open(path) as clip:
        return [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(clip)]


def test_a_clip_holds_every_picture_at_its_size(tmp_path, pictures):
    form = write_clip(tmp_path / "clip.gif", pictures, rate=10)
    with Image.open(tmp_path / "clip.gif") as clip:
        assert (clip.n_frames, clip.size) == (_COUNT, _EXTENT)
        assert clip.info["duration"] == 100
        assert clip.info["loop"] == 0
    assert form == Form(1.0, 96, 1)
    for shown, drawn in zip(_frames(tmp_path / "clip.gif"), pictures, strict=True):
        assert abs(shown.astype(int) - drawn).max() < 12


def test_what_does_not_move_does_not_flicker(tmp_path, pictures):
    noise = np.random.default_rng(0).integers(0, 255, (20, 160, 3), np.uint8)
    for picture in pictures:
        picture[:20] = noise
    write_clip(tmp_path / "clip.gif", pictures)
    frames = np.stack(_frames(tmp_path / "clip.gif"))
    assert (frames[:, :40] == frames[0, :40]).all()
    assert (frames[:, 50:] == frames[0, 50:]).all()


def test_a_clip_is_never_larger_than_asked_for(tmp_path):
    noisy = [np.random.default_rng(i).integers(0, 255, (90, 160, 3), np.uint8) for i in range(_COUNT)]
    full = write_clip(tmp_path / "full.gif", noisy)
    size = (tmp_path / "full.gif").stat().st_size
    form = write_clip(tmp_path / "small.gif", noisy, largest=size // 3)
    assert (tmp_path / "small.gif").stat().st_size <= size // 3
    assert form != full
    with Image.open(tmp_path / "small.gif") as clip:
        assert clip.n_frames == -(-_COUNT // form.every)
        assert clip.info["duration"] == 100 * form.every, "it must not play faster"


def test_no_file_is_touched_if_no_form_is_small_enough(tmp_path, pictures):
    path = tmp_path / "clip.gif"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="more than 100; make the clip shorter"):
        write_clip(path, pictures, largest=100)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["clip.gif"]


def test_nonsense_is_refused(tmp_path, pictures):
    with pytest.raises(ValueError, match="at least one picture"):
        write_clip(tmp_path / "clip.gif", [])
    with pytest.raises(ValueError, match="of one size"):
        write_clip(tmp_path / "clip.gif", [*pictures, pictures[0][:-1]])


def test_the_clip_of_a_model_is_the_same_every_time(tmp_path, blueprint, ring):
    made = blueprint("grid")
    model = ModelFile.grown(made, made.layout.sample(np.random.default_rng(0), 1)[0], {})
    for name in ("a.gif", "b.gif"):
        record(model, tmp_path / name, ring, seconds=1.6, largest=250_000)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert (tmp_path / "a.gif").stat().st_size <= 250_000
    with Image.open(tmp_path / "a.gif") as clip:
        assert (clip.n_frames, clip.size) == (16, EXTENT)


@pytest.mark.parametrize(
    ("name", "words"), [("clip.mp4", "a name that ends in .gif"), ("nowhere/clip.gif", "there is no folder .*nowhere")]
)
def test_a_name_that_is_no_gif_or_in_no_folder_is_refused_at_once(tmp_path, name, words):
    with pytest.raises(ValueError, match=words):
        record(tmp_path / "no-model.npz", tmp_path / name)
