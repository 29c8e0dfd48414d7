"""A written pool is an ordinary folder, read back pixel by pixel."""

import json

import numpy as np
import pytest

from tf_ganaug.data import folder
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.pool import write_pool
from tf_ganaug.errors import InputError

SPEC = LabelSpec.from_names({0: "background", 3: "lung", 200: "heart"})
SPACING = (0.5, 1.25)


def pairs(dtype, channels, count=2):
    rng = np.random.default_rng(0)
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "ui" else None
    shape = (count, 5, 7, channels)
    images = rng.integers(limits.min, limits.max, shape, endpoint=True) if limits else rng.normal(size=shape)
    return images.astype(dtype), rng.integers(0, 3, shape[:3]).astype(np.uint8)


@pytest.mark.parametrize(
    ("dtype", "channels", "suffix"),
    [
        ("uint8", 1, ".png"),
        ("uint16", 1, ".png"),
        ("uint8", 3, ".png"),
        ("uint16", 3, ".png"),
        ("float32", 1, ".npy"),
        ("int16", 2, ".npy"),
    ],
)
def test_pool_is_read_back(tmp_path, dtype, channels, suffix):
    images, labels = pairs(dtype, channels)
    pool = tmp_path / "pool"
    write_pool(pool, images, labels, SPEC, SPACING, {"seed": 3})
    assert sorted(path.name for path in (pool / "images").iterdir()) == [f"00000{n}{suffix}" for n in (0, 1)]

    read = folder.read(pool)
    assert (read.spec, read.channels) == (SPEC, channels)
    assert [case.id for case in read.cases] == ["000000", "000001"]
    for case, image, label in zip(read.cases, images, labels):
        assert case.read_image().dtype == dtype
        np.testing.assert_array_equal(case.read_image(), image)
        np.testing.assert_array_equal(case.class_indices(SPEC), label)
        assert set(np.unique(case.read_label())) <= {0, 3, 200}
        assert case.spacing == SPACING
    assert json.loads((pool / "provenance.json").read_text()) == {"seed": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["pool"]


def test_a_folder_with_files_is_refused_and_an_empty_one_taken(tmp_path):
    images, labels = pairs("uint8", 1)
    pool = tmp_path / "pool"
    pool.mkdir()
    write_pool(pool, images, labels, SPEC, SPACING, {})
    before = (pool / "images" / "000000.png").read_bytes()
    with pytest.raises(InputError, match="a new or empty folder"):
        write_pool(pool, images[::-1], labels, SPEC, SPACING, {})
    assert (pool / "images" / "000000.png").read_bytes() == before
