"""A pool in nnU-Net's layout keeps the rules that nnU-Net v2 checks before it trains."""

import json
import re
from dataclasses import asdict, replace

import nibabel
import numpy as np
import pytest
from PIL import Image

from tf_ganaug.data import folder
from tf_ganaug.data.cases import IGNORE, LabelClass, LabelSpec
from tf_ganaug.data.pool import new_pool
from tf_ganaug.data.pool_layouts import NnUNet
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError

SPEC = replace(LabelSpec.from_names({0: "nothing", 3: "lung", 200: "heart"}), background=0)
SPACING = (0.5, 1.25)
NAME = "Dataset501_Synthetic"
MADE_BY = Provenance("drawn", True, ("a",), ("a",), "uint8", 0.0, 255.0, SPACING)


def write(place, dtype="uint8", channels=1, spec=SPEC, void=False):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (3, 5, 7, channels)).astype(dtype)
    labels = rng.integers(0, len(spec.classes), (3, 5, 7)).astype(np.uint8)
    if void:
        labels[1, 0] = IGNORE
    with new_pool(place / NAME, spec, SPACING, NnUNet) as pool:
        pool.add(images, labels)
        pool.finish({"trained_on": asdict(MADE_BY)})
    return images, labels


def decode(path):
    """What nnU-Net's readers see of a file: channels first, and where its pixels lie."""
    if path.suffix == ".png":
        with Image.open(path) as image:
            pixels = np.asarray(image)
        return (pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None]), None
    volume = nibabel.load(path)
    return np.asanyarray(volume.dataobj)[None], volume.affine


def rules(root):
    """Checks them, case by case; returns dataset.json, and images and labels as nnU-Net sees them."""
    stated = json.loads((root / "dataset.json").read_text())
    assert {"channel_names", "labels", "numTraining", "file_ending"} <= set(stated)
    assert re.fullmatch(r"Dataset\d{3}_\w+", root.name)
    labels, ending = stated["labels"], stated["file_ending"]
    assert sorted(labels.values()) == list(range(len(labels))) and labels["background"] == 0
    assert labels.get("ignore", len(labels) - 1) == len(labels) - 1
    assert sorted(map(int, stated["channel_names"])) == list(range(len(stated["channel_names"])))
    files = sorted((root / "imagesTr").iterdir())
    cases = sorted({re.fullmatch(rf"(.+)_\d{{4}}{re.escape(ending)}", path.name)[1] for path in files})
    assert sorted(path.name for path in (root / "labelsTr").iterdir()) == [f"{case}{ending}" for case in cases]
    assert len(cases) == stated["numTraining"]
    pairs = []
    for case in cases:
        decoded = [decode(path) for path in files if path.name.startswith(f"{case}_")]
        image, (label, grid) = (
            np.concatenate([one for one, _ in decoded]),
            decode(root / "labelsTr" / f"{case}{ending}"),
        )
        assert len(image) == len(stated["channel_names"]) and len(label) == 1
        assert image.shape[1:] == label.shape[1:] and np.isfinite(image).all()
        assert set(np.unique(label)) <= set(labels.values()) and label.dtype.kind == "u"
        for _, other in decoded:
            np.testing.assert_array_equal(other, grid)
        pairs.append((image, label[0], grid))
    return stated, pairs


@pytest.mark.parametrize(("channels", "names"), [(1, ["channel 0"]), (3, ["R", "G", "B"])])
def test_bytes_are_png(tmp_path, channels, names):
    images, labels = write(tmp_path, channels=channels)
    stated, pairs = rules(tmp_path / NAME)
    assert stated["file_ending"] == ".png" and list(stated["channel_names"].values()) == names
    assert stated["labels"] == {"background": 0, "lung": 1, "heart": 2}
    for image, label, (seen, classes, _) in zip(images, labels, pairs):
        np.testing.assert_array_equal(seen, image.transpose(2, 0, 1))
        np.testing.assert_array_equal(classes, label)


@pytest.mark.parametrize(("dtype", "channels"), [("uint16", 1), ("uint8", 2), ("int16", 3), ("float32", 1)])
def test_all_else_is_nifti_by_channel(tmp_path, dtype, channels):
    images, labels = write(tmp_path, dtype, channels)
    stated, pairs = rules(tmp_path / NAME)
    assert stated["file_ending"] == ".nii.gz" and len(stated["channel_names"]) == channels
    for image, label, (seen, classes, grid) in zip(images, labels, pairs):
        # (C, X, Y, 1), the widest spacing across the slice; anterior, the first row, is the last Y.
        np.testing.assert_array_equal(seen[..., 0].transpose(2, 1, 0)[::-1], image)
        np.testing.assert_array_equal(classes[..., 0].T[::-1], label)
        assert seen.dtype == dtype and np.diag(grid).tolist() == [SPACING[1], SPACING[0], 999.0, 1.0]


@pytest.mark.parametrize("ignored", [(), (9,)])
def test_ignored_pixels_are_the_highest_label(tmp_path, ignored):
    _, labels = write(tmp_path, spec=LabelSpec(SPEC.classes, ignored), void=True)
    stated, pairs = rules(tmp_path / NAME)
    assert stated["labels"]["ignore"] == 3
    np.testing.assert_array_equal(pairs[1][1], np.where(labels[1] == IGNORE, 3, labels[1]))


def test_classes_without_background_start_at_one(tmp_path):
    classes = tuple(
        LabelClass(name, (i,), (0, 0, 0)) for i, name in enumerate(("road", "background", "ignore", "road"))
    )
    _, labels = write(tmp_path, spec=LabelSpec(classes, background=None))
    stated, pairs = rules(tmp_path / NAME)
    assert list(stated["labels"]) == ["background", "road", "background 2", "ignore 3", "road 4"]
    np.testing.assert_array_equal(pairs[0][1], labels[0] + 1)


def test_background_is_zero_wherever_it_stands(tmp_path):
    _, labels = write(tmp_path, spec=LabelSpec(SPEC.classes, background=2))
    stated, pairs = rules(tmp_path / NAME)
    assert stated["labels"] == {"background": 0, "nothing": 1, "lung": 2}
    np.testing.assert_array_equal(pairs[0][1], np.array([1, 2, 0])[labels[0]])


def test_a_folder_of_another_name_is_refused(tmp_path):
    with pytest.raises(InputError, match="Dataset501_Synthetic"), new_pool(tmp_path / "pool", SPEC, SPACING, NnUNet):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 3), ("uint16", 2)])
def test_the_folder_reader_reads_it_too(tmp_path, dtype, channels):
    images, labels = write(tmp_path, dtype, channels)
    read = folder.read(tmp_path / NAME)
    assert (read.spec.names, read.channels, read.generated) == (("background", "lung", "heart"), channels, MADE_BY)
    for case, image, label in zip(read.cases, images, labels):
        np.testing.assert_array_equal(case.read_image(), image)
        np.testing.assert_array_equal(case.class_indices(read.spec), label)
