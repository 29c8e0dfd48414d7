"""Trees in the layout of Cityscapes, its label tables, and the split of Neff 2018."""

import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.data.refusals import line_of, read_all
from tf_ganaug.data import cityscapes
from tf_ganaug.data.cache import sized_instances
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.data.splits import Split
from tf_ganaug.data.street_labels import CATEGORIES, TRAINING_CLASSES
from tf_ganaug.errors import InputError

#: Drawn ids that the benchmark does not evaluate, by hand: void, parking, rail track, guard rail, bridge,
#: tunnel, polegroup, caravan, trailer.
IGNORED = (0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30)
VIEW = replace(CATEGORIES, ignored=IGNORED)


def files_of(root, part, name):
    """Image and label of CITY_SEQUENCE_FRAME."""
    city = name.split("_")[0]
    image = root / "leftImg8bit" / part / city / f"{name}_leftImg8bit.png"
    return image, root / "gtFine" / part / city / f"{name}_gtFine_labelIds.png"


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels)).save(path)


def add(root, part, name, number=0):
    """One small pair: the label holds all 34 ids, the image other pixels for each number."""
    image, label = files_of(root, part, name)
    save(image, (np.arange(8 * 16 * 3).reshape(8, 16, 3) + number).astype(np.uint8))
    save(label, (np.arange(8 * 16).reshape(8, 16) % 34).astype(np.uint8))


@pytest.fixture
def tree(tmp_path):
    """15 training images in two cities and 2 official validation images, with the files that lie beside them."""
    names = [f"{city}_{n:06d}_000019" for city, count in (("ulm", 7), ("aachen", 8)) for n in range(count)]
    for number, name in enumerate(names):
        add(tmp_path, "train", name, number)
    for name in ("munster_000000_000019", "frankfurt_000001_000576"):
        add(tmp_path, "val", name)
    add(tmp_path, "test", "berlin_000000_000019")  # dummies, never read
    city = tmp_path / "gtFine" / "train" / "ulm"
    save(city / "ulm_000000_000019_gtFine_color.png", np.zeros((8, 16, 4), np.uint8))
    (city / "ulm_000000_000019_gtFine_polygons.json").write_text("{}")
    (city / "._ulm_000000_000019_gtFine_labelIds.png").write_bytes(b"of a Mac")
    return tmp_path


def refusal(root):
    return line_of(read_all, cityscapes.read, root, VIEW)


def test_views_of_the_published_table():
    pytest.importorskip("cityscapesscripts")
    assert cityscapes.categories() == VIEW
    assert cityscapes.categories().names == (
        "flat",
        "construction",
        "object",
        "nature",
        "sky",
        "human",
        "vehicle",
    )
    classes = cityscapes.training_classes()
    assert classes == replace(TRAINING_CLASSES, ignored=IGNORED)
    from cityscapesscripts.helpers.labels import trainId2label

    assert [(c.name, c.ids, c.colour) for c in classes.classes] == [
        (label.name, (label.id,), label.color) for label in (trainId2label[i] for i in range(19))
    ]
    assert classes.measured == tuple(range(19))
    assert classes.ids == tuple(range(34))


def test_without_the_package_the_line_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cityscapesscripts.helpers.labels", None)
    with pytest.raises(InputError, match=r'found none; pip install "tf_ganaug\[cityscapes\]"'):
        cityscapes.categories()


def test_tree_in_its_own_layout(tree):
    dataset = cityscapes.read(tree, VIEW)
    assert (len(dataset.cases), dataset.channels, dataset.spec) == (17, 3, VIEW)
    assert [case.id for case in dataset.cases] == sorted(case.id for case in dataset.cases)
    assert all(case.subject == case.id for case in dataset.cases)
    assert dataset.given_splits["test"] == ("frankfurt_000001_000576", "munster_000000_000019")
    case = pickle.loads(pickle.dumps(dataset.cases[1]))
    assert case.id == "aachen_000001_000019"
    assert case.files == tuple(map(str, files_of(tree, "train", case.id)))
    image = case.read_image()
    assert (image.shape, image.dtype, image[0, 0].tolist()) == ((8, 16, 3), np.uint8, [8, 9, 10])
    indices = case.class_indices(VIEW).ravel()[:34]
    # By hand from the published table, ids 0 to 33.
    v = IGNORE
    expected = [v, v, v, v, v, v, v, 0, 0, v, v, 1, 1, 1, v, v, v, 2, v, 2, 2, 3, 3, 4, 5, 5, 6, 6, 6, v, v, 6, 6, 6]
    assert indices.tolist() == expected


def test_instances_of_another_size_are_refused(tree):
    label = files_of(tree, "train", "ulm_000000_000019")[1]
    path = label.with_name("ulm_000000_000019_gtFine_instanceIds.png")
    save(path, np.full((4, 9), 26000, np.uint16))
    assert f"{path}: expected 8 x 16 as {label.name}, found 4 x 9" in refusal(tree)


def test_instances_are_read_where_they_lie_beside_the_labels(tree, tmp_path):
    dataset = cityscapes.read(tree, VIEW)
    assert all(case.instances is None for case in dataset.cases)
    with pytest.raises(InputError, match="a map of instances beside it, found none"):
        sized_instances(dataset, 4, 8, tmp_path / "cache")
    ids = (26000 + np.arange(8 * 16).reshape(8, 16)).astype(np.uint16)
    for part, cases in (("train", dataset.cases), ("val", dataset.cases)):
        for case in cases:
            _, label = files_of(tree, part, case.id)
            if label.exists():
                save(label.with_name(f"{case.id}_gtFine_instanceIds.png"), ids)
    dataset = cityscapes.read(tree, VIEW)
    np.testing.assert_array_equal(dataset.cases[0].read_instances(), ids)
    sized = sized_instances(dataset, 4, 8, tmp_path / "cache")
    assert sized.shape == (17, 4, 8) and sized.dtype == np.int32
    np.testing.assert_array_equal(sized[3], ids[1::2, 1::2])


def test_the_split_is_drawn_from_the_training_images(tree):
    parts = cityscapes.read(tree, VIEW, validation=3).given_splits
    Split(**parts)
    assert (len(parts["train"]), len(parts["validation"])) == (12, 3)
    assert sorted(parts["train"] + parts["validation"])[-1] == "ulm_000006_000019"
    assert cityscapes.read(tree, VIEW, validation=3).given_splits == parts
    others = [cityscapes.read(tree, VIEW, validation=3, seed=seed).given_splits for seed in range(1, 6)]
    assert all(other["test"] == parts["test"] for other in others)
    assert any(other["validation"] != parts["validation"] for other in others)
    # Four times 4 is more than 15: the paper's share, 15 * 400 / 2975 = 2.02.
    assert len(cityscapes.read(tree, VIEW, validation=4).given_splits["validation"]) == 2


def test_incomplete_trees(tree):
    image, label = files_of(tree, "train", "ulm_000003_000019")
    label.unlink()
    assert refusal(tree).startswith(f"{label}: expected the partner of {image.name}, found no file;")
    image.unlink()
    cityscapes.read(tree, VIEW)
    add(tree, "val", "lindau_000000_000019")
    image, label = files_of(tree, "val", "lindau_000000_000019")
    image.unlink()
    assert refusal(tree).startswith(f"{image.parent}: expected files named *_leftImg8bit.png, found none;")
    image.parent.rmdir()
    assert refusal(tree).startswith(f"{image}: expected the partner of {label.name}, found no file;")
    label.unlink()
    assert refusal(tree).startswith(f"{label.parent}: expected files named *_gtFine_labelIds.png, found none;")
    label.parent.rmdir()
    cityscapes.read(tree, VIEW)
    (tree / "gtFine" / "val").rename(tree / "elsewhere")
    assert refusal(tree).startswith(f"{tree / 'gtFine' / 'val'}: expected a folder per city, found none;")
    assert f"{tree / 'no' / 'leftImg8bit' / 'train'}: expected a folder per city" in refusal(tree / "no")


def test_a_single_training_image_cannot_be_parted(tmp_path):
    add(tmp_path, "train", "ulm_000000_000019")
    add(tmp_path, "val", "munster_000000_000019")
    assert "leftImg8bit/train: expected two images or more" in refusal(tmp_path).replace("\\", "/")
    add(tmp_path, "train", "ulm_000001_000019")
    parts = cityscapes.read(tmp_path, VIEW).given_splits
    assert (len(parts["train"]), len(parts["validation"]), len(parts["test"])) == (1, 1, 1)


def test_files_of_another_kind(tree):
    image, label = files_of(tree, "train", "aachen_000002_000019")
    good = np.asarray(Image.open(label))
    for pixels, message in (
        (good[:4], f"expected 8 x 16 as {image.name}, found 4 x 16;"),
        (np.stack([good] * 3, -1), "expected 8-bit grey values, found colours;"),
        (good.astype(np.uint16), "expected 8-bit grey values, found uint16;"),
        (np.where(good == 33, 34, good).astype(np.uint8), "found [34];"),
        (np.where(good == 26, 255, good).astype(np.uint8), "found [255];"),
    ):
        save(label, pixels)
        line = refusal(tree)
        assert line.startswith(f"{label}: expected ")
        assert message in line
    save(label, good)
    save(image, good)
    assert refusal(tree).startswith(f"{image}: expected an RGB picture, found 1 channel(s);")
    add(tree, "train", "aachen_000002_000019")
    stray = image.with_name("bonn_000000_000019_leftImg8bit.png")
    image.rename(stray)
    assert refusal(tree).startswith(f"{stray}: expected aachen_SEQUENCE_FRAME_leftImg8bit.png, found {stray.name};")
