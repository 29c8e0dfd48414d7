"""The drawn head CT with CSF: deterministic, alike at every size, three classes in their places, poses that vary."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, center_of_mass

from tests.data.heads import drawn_slices, inside
from tf_ganaug.data import ct, folder
from tf_ganaug.data.csf import BACKGROUND, BRAIN_STEM, CORTICAL, THREE, VENTRICULAR
from tf_ganaug.data.embedded import head_csf
from tf_ganaug.data.embedded.cohort import draw

SUBJECTS, SLICES, SIZE = 12, 5, 96
PIXEL = head_csf.FIELD / SIZE

TEMPLATE = Path(__file__).resolve().parents[3] / "shared" / "data" / "head-ct-template-tissue"


@pytest.fixture(scope="module")
def drawn():
    """Images and labels (subjects, slices, size, size)."""
    return drawn_slices(head_csf.Patient, SUBJECTS, SLICES, SIZE)


@pytest.fixture(scope="module")
def insides(drawn):
    """What the skull encloses, (subjects, slices, size, size)."""
    return np.array([[inside(image) for image in images] for images in drawn[0]])


def test_classes_have_the_colours_of_figure_1():
    assert THREE.ids == (BACKGROUND, CORTICAL, BRAIN_STEM, VENTRICULAR) == (0, 1, 2, 3)
    assert [c.colour for c in THREE.classes[1:]] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_hounsfield_units(drawn):
    """Air around the head in every pose; fluid between 0 HU and the brain; bone."""
    images, labels = drawn
    assert (images.dtype, labels.dtype) == (np.int16, np.uint8)
    border = np.concatenate([images[..., 0], images[..., -1], images[..., 0, :], images[..., -1, :]], -1)
    assert border.max() < -950
    assert (images.max(axis=(2, 3)) > 900).all()
    for image, label in zip(images, labels):
        fluid, brain = np.median(image[label == VENTRICULAR]), np.median(image[(label == 0) & (image > -50)])
        assert 0 < fluid < 16
        assert 25 < brain < 42


@pytest.mark.parametrize("subject", [0, 1])
def test_labels_are_the_dark_part_of_the_brain(subject):
    """What is dark is labelled; what is labelled is dark, but where a sulcus is narrower than the blur."""
    image, label = draw(head_csf.Patient, 0, subject, 2, SLICES, 320)
    within = binary_erosion(inside(image), iterations=3)
    assert np.mean(label[within & (image < 14)] > 0) > 0.99
    assert np.mean(image[label == VENTRICULAR] < 22) > 0.96
    assert np.mean(image[within & (label == CORTICAL)] < 22) > 0.7
    assert not label[(image < -200) | (image > 900)].any()


def test_every_slice_shows_fluid_and_every_subject_all_classes(drawn):
    labels = drawn[1]
    assert (labels == CORTICAL).any(axis=(2, 3)).all()
    assert all(set(np.unique(subject)) == {0, 1, 2, 3} for subject in labels)
    shares = np.bincount(labels.ravel(), minlength=4)[1:] / np.count_nonzero(labels)
    # As in the paper's training set (section 4), cortical fluid prevails and that of the brain stem is rare.
    assert shares[0] > 2 * shares[2] > 2 * shares[1] > 0.05


def test_places(drawn, insides):
    """Ventricles in the middle, cortical fluid outside, that of the brain stem in the lower slices."""
    labels = drawn[1]
    means = {kind: [] for kind in (CORTICAL, BRAIN_STEM, VENTRICULAR)}
    for label, whole in zip(labels.reshape(-1, SIZE, SIZE), insides.reshape(-1, SIZE, SIZE)):
        middle = np.array(center_of_mass(whole))
        for kind, distances in means.items():
            if (label == kind).any():
                distances.append(np.linalg.norm(np.argwhere(label == kind) - middle, axis=1).mean() * PIXEL)
    medians = {kind: np.median(distances) for kind, distances in means.items()}
    assert medians[VENTRICULAR] < 30 < 40 < medians[CORTICAL]
    assert (labels[:, :2] == BRAIN_STEM).sum() > 4 * (labels[:, 2:] == BRAIN_STEM).sum()


def test_poses_vary(drawn):
    """Centres and axes of the heads scatter far more than where only a few degrees and millimetres remain."""
    heads = drawn[0][:, 3] > -200
    centres = np.array([center_of_mass(head) for head in heads]) * PIXEL
    assert (centres.std(axis=0) > 3).all()
    turns = []
    for head in heads:
        axis = np.linalg.eigh(np.cov(np.argwhere(head).T))[1][:, 1]
        turns.append(np.degrees(np.arctan(axis[1] / axis[0])))
    assert np.std(turns) > 4


@pytest.mark.skipif(not TEMPLATE.is_dir(), reason="needs the head CT template with tissue maps")
def test_a_real_template_is_read_and_has_the_contrast_of_the_drawing(tmp_path, drawn):
    """Deep in the head, where the template's labels fit its CT: fluid < white matter < grey matter."""
    os.symlink(TEMPLATE, tmp_path / "template")
    (tmp_path / "dataset.yaml").write_text(
        "classes: {1: CSF, 2: grey matter, 3: white matter}\n"
        "files: {image: ct_brain_1mm.nii.gz, label: tissue_1mm.nii.gz}\n"
    )
    dataset = folder.read(tmp_path)
    assert dataset.spec.names == ("background", "CSF", "grey matter", "white matter")
    assert {case.subject for case in dataset.cases} == {"template"}
    middle = dataset.cases[70:90:4]
    images = np.array([case.read_image()[..., 0] for case in middle])
    labels = np.array([case.class_indices(dataset.spec) for case in middle])
    assert (images.shape[1:], images.dtype, middle[0].spacing) == ((187, 149), np.int16, (1.0, 1.0))
    deep = np.zeros(labels.shape, bool)
    deep[:, 50:127, 45:105] = True
    fluid, grey, white = (np.median(images[deep & (labels == kind)]) for kind in (1, 2, 3))
    assert fluid + 10 < white < grey - 4
    shown = ct.windowed(dataset).cases[78].read_image()
    assert (shown.dtype, shown.shape) == (np.uint8, (187, 149, 1))
    # The template's scale differs from patients' by several HU, so differences are compared.
    drawn_fluid = np.median(drawn[0][drawn[1] == VENTRICULAR])
    drawn_brain = np.median(drawn[0][(drawn[1] == 0) & (np.abs(drawn[0] - 30) < 30)])
    assert drawn_brain - drawn_fluid == pytest.approx((white + grey) / 2 - fluid, abs=8)
