"""Trees in the layout of CamVid, and the data set itself where it lies beside the repository."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.refusals import line_of, read_all
from tf_ganaug.data import camvid
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.data.splits import Split
from tf_ganaug.data.street_labels import CATEGORIES

CAMVID = Path(__file__).resolve().parents[3] / "shared" / "data" / "street-camvid"


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels)).save(path)


def add(root, part, frame):
    save(root / part / "images" / f"{frame}.png", np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3))
    save(root / part / "labels" / f"{frame}.png", (np.arange(24) % 12).astype(np.uint8).reshape(4, 6))


@pytest.fixture
def tree(tmp_path):
    for part, frames in (("train", ("0016E5_2", "0006R0_1")), ("val", ("0016E5_1",)), ("test", ("0001TP_1",))):
        for frame in frames:
            add(tmp_path, part, frame)
    return tmp_path


def refusal(root):
    return line_of(read_all, camvid.read, root, camvid.classes())


def test_views():
    classes, categories = camvid.classes(), camvid.categories()
    assert classes.names[:6] == ("sky", "building", "pole", "road", "pavement", "tree")
    assert classes.names[6:] == ("sign", "fence", "car", "pedestrian", "bicyclist")
    assert [c.ids for c in classes.classes] == [(i,) for i in range(11)]
    assert classes.classes[3].colour == (128, 64, 128)
    assert {c.name: c.ids for c in categories.classes} == {
        "flat": (3, 4),
        "construction": (1, 7),
        "object": (2, 6),
        "nature": (5,),
        "sky": (0,),
        "human": (9, 10),
        "vehicle": (8,),
    }
    assert [(c.name, c.colour) for c in categories.classes] == [(c.name, c.colour) for c in CATEGORIES.classes]
    for view, count in ((classes, 11), (categories, 7)):
        assert (view.ignored, view.measured) == ((11,), tuple(range(count)))


def test_tree_in_its_own_layout(tree):
    dataset = camvid.read(tree, camvid.categories())
    assert [case.id for case in dataset.cases] == ["0001TP_1", "0006R0_1", "0016E5_1", "0016E5_2"]
    assert dataset.given_splits == {
        "train": ("0006R0_1", "0016E5_2"),
        "validation": ("0016E5_1",),
        "test": ("0001TP_1",),
    }
    case = dataset.cases[0]
    assert (case.subject, case.source) == (case.id, str(tree / "test" / "images" / "0001TP_1.png"))
    assert (case.read_image().shape, dataset.channels) == ((4, 6, 3), 3)
    expected = [4, 1, 2, 0, 0, 3, 2, 1, 6, 5, 5, IGNORE]
    assert case.class_indices(dataset.spec).ravel().tolist() == 2 * expected


def test_bad_input(tree):
    image, label = (tree / "val" / kind / "0016E5_1.png" for kind in ("images", "labels"))
    for pixels, message in (
        (np.zeros((4, 5), np.uint8), "expected 4 x 6 as 0016E5_1.png, found 4 x 5;"),
        (np.zeros((4, 6, 3), np.uint8), "expected 8-bit grey values, found colours;"),
        (np.full((4, 6), 12, np.uint8), "found [12];"),
    ):
        save(label, pixels)
        line = refusal(tree)
        assert line.startswith(f"{label}: expected ")
        assert message in line
    label.rename(label.with_name("0016E5_3.png"))
    found = "found none for 0016E5_1, no image for 0016E5_3;"
    assert f"{tree / 'val'}: expected one label for every image, {found}" in refusal(tree)
    image.unlink()
    assert refusal(tree).startswith(f"{image.parent}: expected PNG files, found none;")
    image.parent.rmdir()
    assert refusal(tree).startswith(f"{image.parent}: expected PNG files, found no folder;")
    add(tree, "val", "0016E5_2")
    label.with_name("0016E5_3.png").unlink()
    assert refusal(tree).startswith(f"{tree / 'val' / 'images' / '0016E5_2.png'}: expected a frame of one part,")


@pytest.mark.skipif(not CAMVID.is_dir(), reason="the data set is not here")
def test_camvid_itself():
    dataset = camvid.read(CAMVID, camvid.classes())
    assert [len(part) for part in dataset.given_splits.values()] == [367, 101, 233]
    Split(**dataset.given_splits)
    pixels = sum(np.bincount(case.class_indices(dataset.spec).ravel(), minlength=256) for case in dataset.cases)
    # As its description counts them.
    counts = [2374695, 6758437, 307682, 5201325, 1771816, 2893314, 328003, 489120, 1514445, 219081, 177008]
    assert pixels[:11].tolist() == counts
    assert pixels[IGNORE] == 935442
