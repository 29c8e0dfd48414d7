"""A set as the Medical Segmentation Decathlon has: mixed types, spacings and orientations, four dimensions."""

import json

import nibabel
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.data import folder

#: Of each case: types of the image and its label, millimetres along the axes, directions of the axes as stored.
CASES = [
    ("<f4", "u1", (1.0, 1.0, 1.0), (1, 1, 1)),
    ("u1", "u1", (0.8, 0.9, 2.5), (-1, 1, 1)),
    ("<i2", "<f4", (0.9, 0.7, 3.0), (-1, -1, 1)),
    (">i2", "<i2", (1.0, 1.2, 1.0), (1, -1, -1)),
]


def truth(number):
    """Two channels and a label (X, Y, Z), axes to the right, front and top."""
    rng = np.random.default_rng(number)
    label = np.zeros((20 + number, 24, 3), np.uint8)
    label[5:12, 6:15] = 1
    label[13:17, 8:18, 1:] = 2
    noise = rng.integers(0, 20, (2, *label.shape))
    return noise + np.stack([60 * label, 30 + 40 * (label == 2)]), label


@pytest.fixture(scope="module")
def decathlon(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "Task00_Small"
    for part in ("imagesTr", "labelsTr", "imagesTs"):
        (root / part).mkdir(parents=True)
        (root / part / "._case_0.nii.gz").write_bytes(b"made by a Macintosh")
    for number, (kind, label_kind, sizes, directions) in enumerate(CASES):
        channels, label = truth(number)
        turned = tuple(slice(None, None, direction) for direction in directions)
        affine = np.diag([*np.multiply(sizes, directions), 1.0])
        affine[:3, 3] = [size * (n - 1) if d < 0 else 0 for size, n, d in zip(sizes, label.shape, directions)]
        image = np.moveaxis(channels, 0, -1)[turned].astype(kind)
        nibabel.save(nibabel.Nifti1Image(image, affine), root / "imagesTr" / f"case_{number}.nii.gz")
        drawn = label[turned].astype(label_kind)
        nibabel.save(nibabel.Nifti1Image(drawn, affine), root / "labelsTr" / f"case_{number}.nii.gz")
    described = {"modality": {"0": "FLAIR", "1": "T1w"}, "labels": {"0": "background", "1": "oedema", "2": "tumour"}}
    described["training"] = [{"image": f"./imagesTr/case_{n}.nii.gz"} for n in range(len(CASES))]
    (root / "dataset.json").write_text(json.dumps(described), encoding="utf-8-sig")
    return root


def test_all_are_read_as_they_lie(decathlon):
    cases = {case.id: case for case in folder.read(decathlon).cases}
    for number, (_, _, (right, front, _), _) in enumerate(CASES):
        channels, label = truth(number)
        case = cases[f"case_{number}_1"]
        np.testing.assert_array_equal(case.read_image(), np.moveaxis(channels[..., 1], 0, -1).swapaxes(0, 1)[::-1])
        np.testing.assert_array_equal(case.read_label(), label[..., 1].T[::-1])
        assert case.spacing == pytest.approx((front, right))


def test_check_data_and_run_smoke(decathlon, tmp_path, eager):
    def call(*arguments):
        result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    said = call("check-data", decathlon, "--out", tmp_path / "check")
    assert "0.7 to 1.2 x 0.8 to 1 mm per pixel" in said and "2 channels" in said
    assert "passed over in Task00_Small, beside imagesTr/ and labelsTr/: 1 (imagesTs/)" in said
    small = ["--arms", "real,ordinary", "--size", "16", "--repeats", 1, "--set", "training.iterations=2"]
    call("run", "--data", decathlon, "--out", tmp_path / "run", "--profile", "smoke", *small)
    measured = pd.read_csv(tmp_path / "run" / "cases.csv")
    assert set(measured["class"]) == {"oedema", "tumour"} and measured.dice.dropna().between(0, 1).all()
