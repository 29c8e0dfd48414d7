"""Class ids of any size, in every container, and the number of classes that a byte holds."""

from dataclasses import asdict

import nibabel
import numpy as np
import png
import pytest
import tifffile

from tf_ganaug.data import folder
from tf_ganaug.data.cases import IGNORE, LabelClass, LabelSpec
from tf_ganaug.data.files import as_label
from tf_ganaug.data.pool import new_pool
from tf_ganaug.data.pool_layouts import Nifti, PlainPairs
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError

MADE_BY = Provenance("drawn", True, ("a",), ("a",), "uint8", 0.0, 255.0, (1.0, 1.0))
IMAGE = np.arange(48, dtype=np.uint8).reshape(6, 8)


def save_png16(path, pixels):
    png.from_array(pixels.astype(np.uint16).tolist(), "L;16").save(path)


def save_nifti(path, pixels):
    nibabel.save(nibabel.Nifti1Image(np.rot90(pixels, -1)[..., None], np.eye(4), dtype=pixels.dtype), path)


SAVE = {"png": save_png16, "tif": tifffile.imwrite, "npy": np.save, "nii.gz": save_nifti}


def save_pairs(root, suffix, labels):
    """Pairs of one format, as of NIfTI images and labels are one volume each."""
    for name in ("images", "labels"):
        (root / name).mkdir(parents=True)
    for number, label in enumerate(labels):
        SAVE[suffix](root / "images" / f"c{number}.{suffix}", IMAGE if suffix != "nii.gz" else IMAGE.astype(np.int16))
        SAVE[suffix](root / "labels" / f"c{number}.{suffix}", label)


def spec_of(ids, ignored=()):
    return LabelSpec.from_names({i: "background" if i == 0 else f"class {i}" for i in ids}, ignored)


@pytest.mark.parametrize(
    ("suffix", "dtype", "ids"),
    [
        ("png", np.uint16, [0, 255, 256, 1000, 26000, 65535]),
        ("tif", np.uint16, [0, 255, 256, 1000, 26000, 65535]),
        ("tif", np.uint32, [0, 256, 65536, 70000, 2**32 - 1]),
        ("npy", np.int64, [0, 256, 65536, 2**40]),
        ("npy", np.uint64, [0, 256, 65536, 2**40]),
        ("npy", np.float64, [0, 256, 65536, 2**40]),
        ("nii.gz", np.int32, [0, 255, 257, 26000, 65536, 70000]),
        ("nii.gz", np.float32, [0, 256, 65536, 2**20]),
    ],
)
def test_large_ids_are_classes_of_their_own(tmp_path, suffix, dtype, ids):
    numbers = np.arange(48).reshape(6, 8) % len(ids)
    save_pairs(tmp_path, suffix, [np.array(ids, dtype)[numbers]])
    dataset = folder.read(tmp_path)
    assert dataset.spec.ids == tuple(ids)
    np.testing.assert_array_equal(dataset.cases[0].class_indices(dataset.spec), numbers)
    (tmp_path / "dataset.yaml").write_text(f"classes: {{{', '.join(f'{i}: c{i}' for i in ids[1:-1])}}}")
    with pytest.raises(InputError, match=str(ids[-1])):
        folder.read(tmp_path).cases[0].class_indices(folder.read(tmp_path).spec)


def test_encoding_against_a_loop():
    rng = np.random.default_rng(0)
    for ids in ([0, 3, 4], [0, 7, 255, 256, 300], [5, 1000, 2**30, 2**45], list(range(0, 2 * IGNORE, 2))):
        classes = tuple(LabelClass(f"c{n}", (i, i + 1) if n == 1 else (i,), (0, 0, 0)) for n, i in enumerate(ids[:-1]))
        spec = LabelSpec(classes, (ids[-1],))
        label = rng.choice(spec.ids, (1030, 1030))  # more than one strip
        expected = np.full(label.shape, IGNORE)
        for number, label_class in enumerate(classes):
            expected[np.isin(label, label_class.ids)] = number
        index = spec.encode(label, "the file")
        assert index.dtype == np.uint8
        np.testing.assert_array_equal(index, expected)


@pytest.mark.parametrize("value", [1, 257, 65537, -1, 2**45 + 1])
def test_an_unknown_value_is_named_wherever_it_stands(value):
    label = np.zeros((1030, 1030), np.int64)
    label[-1, -1] = value
    with pytest.raises(InputError, match=rf"found \[{value}\]"):
        spec_of([0, 3, 2**45]).encode(label, "the file")


def test_254_classes_beside_the_background_fit_and_255_do_not(tmp_path):
    labels = [np.arange(240 * n, 240 * n + 48).reshape(6, 8).astype(np.uint16) for n in range(2)]
    save_pairs(tmp_path, "png", labels)
    described = tmp_path / "dataset.yaml"
    described.write_text(f"classes: {{{', '.join(f'{i}: c{i}' for i in range(1, 300))}}}")
    with pytest.raises(
        InputError, match=r"dataset.yaml: expected at most 254 classes beside the background, found 299"
    ):
        folder.read(tmp_path)
    described.write_text(
        f"{{classes: {{{', '.join(f'{i}: c{i}' for i in range(1, 255))}}}, ignored: {list(range(255, 300))}}}"
    )
    dataset = folder.read(tmp_path)
    assert len(dataset.spec.classes) == 255
    indices = dataset.cases[1].class_indices(dataset.spec)
    assert indices[0, 0] == 240 and indices[1, 6] == 254 and (indices.reshape(-1)[15:] == IGNORE).all()
    described.write_text(f"classes: {{{', '.join(f'{i}: c{i}' for i in range(1, 256))}}}")
    with pytest.raises(InputError, match=r"dataset.yaml: expected at most 254 classes .*found 255"):
        folder.read(tmp_path)
    for ids in (range(256), range(1, 256)):  # with a background, and without one
        with pytest.raises(InputError, match="expected at most 254 classes beside the background, found 255"):
            spec_of(ids)


def test_ids_below_0_are_refused_with_the_file_and_others_of_no_integer(tmp_path):
    save_pairs(tmp_path, "npy", [IMAGE // 16, (IMAGE // 16).astype(np.int16) - 1])
    with pytest.raises(InputError, match=r"c1.npy: expected class ids from 0 up, found -1"):
        folder.read(tmp_path)
    for value in (np.inf, 1e300, 2.0**60, np.nan):
        with pytest.raises(InputError, match=r"the label: expected .* found values such as"):
            as_label(np.full((2, 3), value), "the label")
    with pytest.raises(InputError, match="found values such as 18446744073709551615"):
        as_label(np.full((2, 3), 2**64 - 1, np.uint64), "the label")


@pytest.mark.parametrize("layout", [PlainPairs, Nifti])
@pytest.mark.parametrize("ids", [[0, 300], [0, 70000, 2**33]])
def test_pools_keep_large_ids(tmp_path, layout, ids):
    spec, indices = spec_of(ids), np.arange(48, dtype=np.uint8).reshape(6, 8) % len(ids)
    with new_pool(tmp_path / "pool", spec, (1.0, 1.0), layout) as pool:
        pool.add(IMAGE[None, ..., None], indices[None])
        pool.finish({"trained_on": asdict(MADE_BY)})
    dataset = folder.read(tmp_path / "pool")
    assert dataset.spec.ids == tuple(ids)
    np.testing.assert_array_equal(dataset.cases[0].class_indices(dataset.spec), indices)
