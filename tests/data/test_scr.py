"""SCR and JSRT trees as distributed and as commonly converted."""

import pickle

import numpy as np
import pytest
from PIL import Image

from tests.data.refusals import line_of
from tf_ganaug.data import scr
from tf_ganaug.errors import InputError


def save_mask(root, folder, name, box, side=1024, suffix="gif"):
    """White inside box = (top, bottom, left, right)."""
    mask = np.zeros((side, side), np.uint8)
    mask[box[0] : box[1], box[2] : box[3]] = 255
    path = root / folder / f"{name}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)
    return path


def save_png(path, side=64):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(side * side).reshape(side, side).astype(np.uint8)).save(path)


def refusal(root, **options):
    return line_of(scr.read, root, **options)


def test_tree_as_distributed(tmp_path):
    images = tmp_path / "All247images"
    images.mkdir()
    for number, name in enumerate(("JPCNN002", "JPCLN001")):
        stored = np.full((2048, 2048), 100 + number, ">u2")
        stored[200:300] = 4000
        stored.tofile(images / f"{name}.IMG")
        fold = f"fold{2 - number}/masks"
        save_mask(tmp_path, f"{fold}/left lung", name, (10, 20, 30, 50))
        save_mask(tmp_path, f"{fold}/right clavicle", name, (15, 30, 30, 50))
    save_png(tmp_path / "A" / "JPCLN001.png")  # the IMG comes first
    dataset = scr.read(tmp_path)
    assert [case.id for case in dataset.cases] == ["JPCLN001", "JPCNN002"]
    assert [case.subject for case in dataset.cases] == ["JPCLN001", "JPCNN002"]
    assert dataset.channels == 1
    assert dataset.spec.names == ("background", "left lung")
    case = pickle.loads(pickle.dumps(dataset.cases[0]))
    assert case.spacing == (0.175, 0.175)
    assert case.source == str(images / "JPCLN001.IMG")
    image, label = case.read_image(), case.read_label()
    assert (image[0, 0, 0], image[250, 0, 0]) == (4095 - 101, 95)
    assert image.shape == (2048, 2048, 1)
    expected = np.zeros((2048, 2048), int)
    expected[20:40, 60:100] = 1
    np.testing.assert_array_equal(label, expected)
    # The clavicle lies over the lung, and each is whole in its own target.
    clavicle = scr.read(tmp_path, target=5)
    assert clavicle.spec.ids == (0, 5)
    assert (clavicle.cases[0].read_label() == 5).sum() == 4 * 15 * 20


def test_converted_tree(tmp_path):
    save_png(tmp_path / "JSRT" / "JPCLN001.png")
    save_png(tmp_path / "JSRT" / "JPCLN002.IMG.png")
    for name in ("JPCLN001", "JPCLN002"):
        save_mask(tmp_path, "masks/heart", name, (1, 3, 2, 4), side=16, suffix="png")
    save_mask(tmp_path, "masks/left lung", "JPCLN003", (1, 3, 2, 4), side=16, suffix="png")  # no image
    dataset = scr.read(tmp_path, target=3)
    assert [case.id for case in dataset.cases] == ["JPCLN001", "JPCLN002"]
    case = dataset.cases[1]
    assert case.spacing == (0.175 * 32, 0.175 * 32)
    assert case.read_image()[0, :3, 0].tolist() == [0, 1, 2]  # a picture already: not inverted
    rows, columns = np.nonzero(case.read_label() == 3)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 11, 8, 15)


def test_incomplete_trees(tmp_path):
    assert f"{tmp_path / 'none'}: expected the folder" in refusal(tmp_path / "none")
    assert "expected JSRT images" in refusal(tmp_path)
    save_png(tmp_path / "images" / "JPCLN001.png")
    assert "expected masks of the left lung" in refusal(tmp_path)
    save_mask(tmp_path, "left lung", "JPCLN002", (0, 2, 0, 2), side=8)
    assert "expected one label for every image, found none for JPCLN001" in refusal(tmp_path)
    save_mask(tmp_path, "left lung", "JPCLN001", (0, 2, 0, 2), side=8)
    assert "expected one label for every image, found no image for JPCLN002" in refusal(tmp_path)
    (tmp_path / "images" / "JPCLN002.IMG").write_bytes(b"1234")
    assert "JPCLN002.IMG: expected 8388608 bytes" in refusal(tmp_path)
    assert "1 (left lung), 2 (right lung)" in refusal(tmp_path, target=6)


def test_mask_of_several_values_is_refused(tmp_path):
    save_png(tmp_path / "JPCLN001.png")
    path = save_mask(tmp_path, "left lung", "JPCLN001", (0, 2, 0, 2), side=8, suffix="png")
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 3).save(path)
    with pytest.raises(InputError, match=r"JPCLN001\.png: expected a mask .* found values \[0, 1, 2\]"):
        scr.read(tmp_path).cases[0].read_label()


def test_mask_of_other_proportions_is_refused(tmp_path):
    save_png(tmp_path / "images" / "JPCLN001.png")
    path = save_mask(tmp_path, "masks/left lung", "JPCLN001", (2, 20, 3, 20), 32)
    assert len(scr.read(tmp_path).cases) == 1
    Image.fromarray(np.eye(11, 306, dtype=np.uint8)).save(path)
    assert f"{path}: expected the proportions of JPCLN001.png, 64 x 64, found 11 x 306" in refusal(tmp_path)
    Image.fromarray(np.eye(320, 321, dtype=np.uint8)).save(path)
    assert len(scr.read(tmp_path).cases) == 1
