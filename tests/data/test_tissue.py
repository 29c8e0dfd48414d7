"""Tissue classes of a phantom whose tissues are known."""

import shutil
import sys

import nibabel
import numpy as np
import pytest

from tf_ganaug.data.tissue import add_tissue, classify_dipy, classify_fast, find_classifier
from tf_ganaug.errors import InputError

#: FAST's ids.
CSF, GREY, WHITE = 1, 2, 3


def phantom(path):
    """A noisy T1c ball of white matter in grey matter in CSF with a bright vessel; returns the truth in RAS."""
    places = np.indices((40, 44, 36)) - np.reshape([22.0, 20, 17], (3, 1, 1, 1))
    radius = np.sqrt((places**2).sum(0))
    truth = np.select([radius < 12, radius < 15, radius < 16], [WHITE, GREY, CSF], 0)
    truth[(places[0] > 4) & (places[1] > 4) & (truth > 0)] = CSF  # no symmetry
    noise = np.random.default_rng(0).normal(0, 15, truth.shape)
    image = np.where(truth > 0, np.array([0, 110, 270, 420])[truth] + noise, 0).astype(np.int16)
    image[20:23, 20:23, 5:28] = 3000
    affine = np.diag([-1.0, -1, 1, 1])  # stored to the left and to the back
    nibabel.save(nibabel.Nifti1Image(image[::-1, ::-1], affine), path)
    return truth, image < 3000


def assert_found(tissue, truth, tissues_only):
    assert (tissue.dtype, tissue.shape) == (np.uint8, truth.shape)
    np.testing.assert_array_equal(tissue > 0, truth > 0)
    inside = tissues_only & (truth > 0)
    assert (tissue == truth)[inside].mean() > 0.97
    assert not (tissue == truth[::-1])[inside].mean() > 0.97  # the measure would see a flip


def test_dipy_finds_the_tissues_beside_a_bright_vessel(tmp_path):
    pytest.importorskip("dipy")
    truth, tissues_only = phantom(tmp_path / "t1ce.nii.gz")
    tissue = classify_dipy(tmp_path / "t1ce.nii.gz")
    assert_found(tissue, truth, tissues_only)
    np.testing.assert_array_equal(tissue, classify_dipy(tmp_path / "t1ce.nii.gz"))


@pytest.mark.parametrize(("value", "found"), [(0, "no value above 0"), (7, "means")])
def test_dipy_refuses_what_has_no_tissues(tmp_path, value, found):
    pytest.importorskip("dipy")
    path = tmp_path / "flat.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((8, 8, 8), value, np.int16), np.eye(4)), path)
    with pytest.raises(InputError, match=rf"flat\.nii\.gz: .*{found}"):
        classify_dipy(path)


@pytest.mark.skipif(not shutil.which("fast"), reason="FSL is not here")
def test_fast_finds_the_tissues(tmp_path):
    truth, tissues_only = phantom(tmp_path / "t1ce.nii.gz")
    assert_found(classify_fast(tmp_path / "t1ce.nii.gz"), truth, tissues_only)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Puts a program named fast, of this Python source, first on the path."""

    def install(source):
        program = tmp_path / "bin" / "fast"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))

    return install


#: FAST's command line and files with thresholds for a method, where FSL itself cannot be installed.
THRESHOLDS = """
import os, sys
import nibabel, numpy as np
assert sys.argv[1:6] == ["-t", "1", "-n", "3", "--nopve"] and sys.argv[6] == "-o"
assert os.environ["FSLOUTPUTTYPE"] == "NIFTI_GZ"
image = nibabel.load(sys.argv[8])
classes = np.digitize(np.asarray(image.dataobj), [1, 190, 345]).astype(np.int16)
nibabel.save(nibabel.Nifti1Image(classes, image.affine), sys.argv[7] + "_seg.nii.gz")
"""


def test_fast_is_preferred_and_its_output_oriented(tmp_path, command):
    truth, tissues_only = phantom(tmp_path / "t1ce.nii.gz")
    command(THRESHOLDS)
    classifier = find_classifier()
    assert classifier.name == "FSL fast"
    assert_found(classifier.classify(tmp_path / "t1ce.nii.gz"), truth, tissues_only)


@pytest.mark.parametrize("status", [1, 0])
def test_fast_that_fails_says_its_last_words(tmp_path, command, status):
    command(f"import sys; sys.stderr.write('Not enough\\nExiting: bad image'); sys.exit({status})")
    with pytest.raises(InputError, match=r"a\.nii\.gz: .*found Exiting: bad image"):
        classify_fast(tmp_path / "a.nii.gz")


def test_neither_is_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "dipy", None)
    with pytest.raises(InputError, match=r"found neither; install FSL or 'tf_ganaug\[brats\]'"):
        find_classifier()


def test_tumour_wins():
    label = np.array([0, 0, 0, 0, 1, 2, 3, 3], np.uint8)
    tissue = np.array([0, CSF, GREY, WHITE, CSF, GREY, WHITE, 0], np.uint8)
    combined = add_tissue(label, tissue)
    assert (combined.tolist(), combined.dtype) == ([0, 6, 5, 4, 1, 2, 3, 3], np.uint8)
