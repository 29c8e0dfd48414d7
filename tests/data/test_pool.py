"""Pools are ordinary folders: read back pixel by pixel, whatever the layout."""

import json

import numpy as np
import pytest

from tf_ganaug.data import folder
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.pool import new_pool
from tf_ganaug.data.pool_layouts import Nifti, PlainPairs
from tf_ganaug.data.provenance import Provenance, read_provenance
from tf_ganaug.errors import InputError

SPEC = LabelSpec.from_names({0: "background", 3: "lung", 200: "heart"})
SPACING = (0.5, 1.25)
MADE = {
    "seed": 3,
    "trained_on": {
        "dataset": "drawn",
        "synthetic": True,
        "cases": ["a_1"],
        "subjects": ["a"],
        "dtype": "uint8",
        "low": 0.0,
        "high": 255.0,
        "spacing": [0.5, 1.25],
    },
}


def pairs(dtype, channels, count=2):
    rng = np.random.default_rng(0)
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "ui" else None
    shape = (count, 5, 7, channels)
    images = rng.integers(limits.min, limits.max, shape, endpoint=True) if limits else rng.normal(size=shape)
    return images.astype(dtype), rng.integers(0, 3, shape[:3]).astype(np.uint8)


def write(pool, images, labels, layout=PlainPairs, spec=SPEC):
    with new_pool(pool, spec, SPACING, layout) as made:
        for image, label in zip(images, labels):
            made.add(image[None], label[None])
        made.finish(MADE)


PNG, NPY, NII = ["images/000000.png"], ["images/000000.npy"], ["images/000000.nii.gz"]
CHANNELS = ["000000/image_0.nii.gz", "000000/image_1.nii.gz"]


@pytest.mark.parametrize(
    ("layout", "dtype", "channels", "files"),
    [
        (PlainPairs, "uint8", 1, PNG),
        (PlainPairs, "uint16", 1, PNG),
        (PlainPairs, "uint8", 3, PNG),
        (PlainPairs, "uint16", 3, PNG),
        (PlainPairs, "float32", 1, NPY),
        (PlainPairs, "int16", 2, NPY),
        (Nifti, "uint8", 1, NII),
        (Nifti, "int16", 1, NII),
        (Nifti, "uint16", 2, CHANNELS),
        (Nifti, "int64", 2, CHANNELS),
        (Nifti, "float32", 2, CHANNELS),
    ],
)
def test_pool_is_read_back(tmp_path, layout, dtype, channels, files):
    images, labels = pairs(dtype, channels)
    pool = tmp_path / "pool"
    write(pool, images, labels, layout)
    for name in files:
        assert (pool / name).is_file()

    read = folder.read(pool)
    assert (read.spec, read.channels) == (SPEC, channels)
    assert [case.id for case in read.cases] == ["000000", "000001"]
    for case, image, label in zip(read.cases, images, labels):
        assert case.read_image().dtype == dtype
        np.testing.assert_array_equal(case.read_image(), image)
        np.testing.assert_array_equal(case.class_indices(SPEC), label)
        assert set(np.unique(case.read_label())) <= {0, 3, 200}
        assert case.spacing == SPACING
    assert json.loads((pool / "provenance.json").read_text()) == MADE
    assert read.generated == Provenance("drawn", True, ("a_1",), ("a",), "uint8", 0.0, 255.0, SPACING)
    assert [path.name for path in tmp_path.iterdir()] == ["pool"]


def test_nifti_header_has_the_spacing(tmp_path):
    write(tmp_path / "pool", *pairs("int16", 1), Nifti)
    (tmp_path / "pool" / "dataset.yaml").unlink()  # which states it too
    assert [case.spacing for case in folder.read(tmp_path / "pool").cases] == [SPACING] * 2


@pytest.mark.parametrize("layout", [PlainPairs, Nifti])
@pytest.mark.parametrize(("ignored", "stored"), [((), 255), ((7, 255), 7)])
def test_ignored_pixels_stay_ignored_and_constant_images_stay(tmp_path, layout, ignored, stored):
    images, labels = pairs("uint8", 1)
    images[1], labels[1, :2] = 9, IGNORE
    spec = LabelSpec(SPEC.classes, ignored)
    write(tmp_path / "pool", images, labels, layout, spec)
    read = folder.read(tmp_path / "pool")
    assert read.spec.ignored == (ignored or (stored,))
    for case, image, label in zip(read.cases, images, labels):
        np.testing.assert_array_equal(case.read_image(), image)
        np.testing.assert_array_equal(case.class_indices(read.spec), label)
    assert (read.cases[1].read_label()[:2] == stored).all()


def test_the_mark_of_ignored_pixels_is_no_class(tmp_path):
    spec = LabelSpec.from_names({0: "background", 255: "lesion"})
    images, labels = pairs("uint8", 1)
    labels = np.where(labels == 2, IGNORE, labels).astype(np.uint8)
    write(tmp_path / "pool", images, labels, spec=spec)
    read = folder.read(tmp_path / "pool")
    assert read.spec.ignored == (254,)
    np.testing.assert_array_equal(read.cases[0].class_indices(read.spec), labels[0])


def test_a_folder_with_files_is_refused_and_an_empty_one_taken(tmp_path):
    images, labels = pairs("uint8", 1)
    pool = tmp_path / "pool"
    pool.mkdir()
    write(pool, images, labels)
    before = (pool / "images" / "000000.png").read_bytes()
    with pytest.raises(InputError, match="a new or empty folder"):
        write(pool, images[::-1], labels)
    assert (pool / "images" / "000000.png").read_bytes() == before
    with pytest.raises(InputError, match="a new or empty folder"):
        write(pool / "images" / "000000.png", images, labels)


def test_nothing_is_left_of_a_pool_that_fails(tmp_path):
    images, labels = pairs("uint8", 1)
    with pytest.raises(RuntimeError), new_pool(tmp_path / "pool", SPEC, SPACING) as pool:
        pool.add(images, labels)
        raise RuntimeError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "a JSON file.*line 1, column 2"),
        ("{}", "what the generator was trained on"),
        ('{"trained_on": {"dataset": "x"}}', "what the generator was trained on"),
        ("[]", "what the generator was trained on"),
    ],
)
def test_a_provenance_that_says_nothing_is_refused(tmp_path, text, expected):
    assert read_provenance(tmp_path) is None
    (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(InputError, match=expected):
        read_provenance(tmp_path)
