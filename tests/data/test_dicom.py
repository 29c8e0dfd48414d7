"""DICOM series, segmentations and NIfTI masks become pictures as they lie in the patient."""

import pickle
import sys

import nibabel
import numpy as np
import pydicom
import pytest

from tests.data.dicom_files import (
    AXIAL,
    COLUMNS,
    CORONAL,
    GAP,
    ORIGIN,
    ROWS,
    SLICES,
    SPACING,
    data_set,
    drawn,
    nifti_label,
    normal,
    place,
    refusal,
    save_labelled_series,
    save_segments,
    save_series,
    save_slice,
    units,
)
from tf_ganaug.data import dicom
from tf_ganaug.data.folder import read as read_volumes
from tf_ganaug.data.haemorrhage import FIVE
from tf_ganaug.errors import InputError


@pytest.fixture
def root(tmp_path):
    return save_labelled_series(tmp_path)


def test_series_with_segmentation(root):
    """Rows of an axial series run to the left of the patient, so that they are turned over."""
    dataset = pickle.loads(pickle.dumps(dicom.read(root)))
    assert (dataset.name, dataset.channels, dataset.spec) == (root.name, 1, FIVE)
    assert [case.id for case in dataset.cases] == ["p_0", "p_1", "p_2", "p_3"]
    assert {(case.subject, case.spacing) for case in dataset.cases} == {("p", SPACING)}
    for number, case in enumerate(dataset.cases):
        image = case.read_image()
        assert (image.dtype, image.shape) == (np.int16, (ROWS, COLUMNS, 1))
        np.testing.assert_array_equal(image[..., 0], 2 * (units()[number] // 2)[:, ::-1])
    labels = np.array([case.class_indices(FIVE) for case in dataset.cases])
    assert np.argwhere(labels).tolist() == [[1, 2, 4], [1, 5, 0], [3, 0, 5], [3, 0, 6]]
    assert labels[labels > 0].tolist() == [1, 4, 4, 4]


@pytest.mark.parametrize(
    ("orientation", "axis"),
    [
        (AXIAL, 2),
        ([-1, 0, 0, 0, 1, 0], 2),
        ([0, 1, 0, 1, 0, 0], 2),
        (CORONAL, 1),
        ([0, 1, 0, 0, 0, -1], 0),
        ([0.96, 0.28, 0, -0.28, 0.96, 0], 2),
    ],
)
def test_series_and_nifti_are_the_same_pictures(tmp_path, orientation, axis):
    """The same voxels written by pydicom and by nibabel, with one NIfTI mask for both."""
    series, volume = tmp_path / "series", tmp_path / "volume"
    save_series(series / "images" / "p", orientation)
    steps = [SPACING[1] * np.array(orientation[:3]), SPACING[0] * np.array(orientation[3:]), GAP * normal(orientation)]
    affine = np.eye(4)
    affine[:3] = np.column_stack([*steps, ORIGIN])
    affine[:2] *= -1
    voxels = 2 * (units().transpose(2, 1, 0) // 2)
    for folder, kind, stored in (
        (volume, "images", voxels),
        (volume, "labels", voxels % 6),
        (series, "labels", voxels % 6),
    ):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(stored.astype(np.int16), affine), folder / kind / "p.nii.gz")
    found, expected = dicom.read(series), read_volumes(volume, axis=axis)
    assert [case.id for case in found.cases] == [case.id for case in expected.cases]
    for one, other in zip(found.cases, expected.cases):
        np.testing.assert_allclose(one.spacing, other.spacing, rtol=1e-6)
        np.testing.assert_array_equal(one.read_image(), other.read_image())
        np.testing.assert_array_equal(one.read_label(), other.read_label())


def test_segments_of_one_name_are_one_class(root):
    """As lesions that are counted one by one; they may overlap."""
    both = [("IPH", [(1, drawn(2, slice(2, 5)))]), ("IPH", [(1, drawn(2, slice(4, 7)))])]
    save_segments(root / "labels" / "p.dcm", both)
    np.testing.assert_array_equal(dicom.read(root).cases[1].read_label(), drawn(2, slice(2, 7))[:, ::-1])


def test_description(root):
    save_series(root / "images" / "q")
    save_segments(root / "labels" / "q.dcm", [("clot", [(0, drawn(0, 0))])])
    save_segments(root / "labels" / "p.dcm", [("clot", [(1, drawn(2, 3))])])
    (root / "dataset.yaml").write_text("{name: Mine, classes: {7: clot}, subject: (.), leave_out: [q_3]}")
    dataset = dicom.read(root)
    assert (dataset.name, dataset.spec.names, len(dataset.cases)) == ("Mine", ("background", "clot"), 7)
    assert dataset.cases[4].read_label().max() == 7
    (root / "dataset.yaml").write_text("{classes: {26000: clot}, subject: (.)}")
    assert dicom.read(root).cases[4].read_label().max() == 26000
    (root / "dataset.yaml").write_text("slice_axis: 1")
    assert "expected no 'slice_axis' beside DICOM series, found 1" in refusal(root)


def test_files_that_are_no_slices_are_passed_over_and_named(root):
    folder = root / "images" / "p"
    for name in ("notes.txt", "VERSION", "Thumbs.db"):
        (folder / name).write_bytes(b"not a slice")
    save_slice(folder / "capture", units()[0], place(0), SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    save_segments(folder / "seg.dcm", [("IPH", [(1, drawn(2, 3))])])
    index = data_set(folder / "DICOMDIR", "1.2.840.10008.1.3.10")
    index.save_as(folder / "DICOMDIR")
    (root / "images" / "loose.txt").write_text("x")
    (root / "labels" / "Thumbs.db").write_text("x")
    data = dicom.read(root)
    assert len(data.cases) == SLICES
    assert data.notes == (
        "passed over in images/, in no folder: 1 (loose.txt)",
        "passed over in labels/, of no format that is read: 1 (Thumbs.db)",
        "passed over, no slices: DICOMDIR, Thumbs.db, VERSION, capture, notes.txt, +1 more: p",
    )


def test_slices_in_a_subfolder_and_without_preamble(root):
    folder, expected = root / "images" / "p", [case.read_image() for case in dicom.read(root).cases]
    (folder / "SER1").mkdir()
    for number, path in enumerate(sorted(folder.glob("IM*"))):
        stored = pydicom.dcmread(path)
        implicit = bool(number % 2)
        stored.file_meta, stored.preamble = pydicom.dataset.FileMetaDataset(), None
        with (folder / "SER1" / path.name).open("wb") as file:
            pydicom.dcmwrite(file, stored, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
        path.unlink()
        assert (folder / "SER1" / path.name).read_bytes()[128:132] != b"DICM"
    for case, pixels in zip(dicom.read(root).cases, expected):
        np.testing.assert_array_equal(case.read_image(), pixels)


@pytest.mark.parametrize("spacing", [None, [0, 0], [-1, 1], 1.0])
def test_spacing_that_is_not_stated(root, spacing):
    for number in range(SLICES):
        save_slice(root / "images" / "p" / f"IM{number}", units()[number], place(number), PixelSpacing=spacing)
    data = dicom.read(root)
    assert [int(np.count_nonzero(case.read_label())) for case in data.cases] == [0, 2, 0, 2]
    (root / "labels" / "p.dcm").unlink()
    nibabel.save(nifti_label(), root / "labels" / "p.nii.gz")
    data = dicom.read(root)
    assert {(case.spacing, case.spacing_known) for case in data.cases} == {((1.0, 1.0), False)}
    assert data.notes[0].startswith("voxel size not stated (PixelSpacing")


def save_patients(root, patients):
    for number, patient in enumerate(patients):
        folder = root / "images" / f"s{number}"
        save_slice(folder / "IM0", units()[0], place(0), **({} if patient is None else {"PatientID": patient}))
        save_segments(root / "labels" / f"s{number}.dcm", [("IPH", [(0, drawn(2, 3))])])


@pytest.mark.parametrize(
    ("patients", "subjects"),
    [
        (("Doe^J", "7", "Doe^J"), ["s0", "s1", "s0"]),
        (("anonymous",) * 3, ["s0", "s1", "s2"]),
        (("7", None, "8"), ["s0", "s1", "s2"]),
    ],
)
def test_series_of_a_patient_are_one_subject(tmp_path, patients, subjects):
    save_patients(tmp_path, patients)
    assert [case.subject for case in dicom.read(tmp_path).cases] == subjects
    (tmp_path / "dataset.yaml").write_text("subject: (s\\d)\n")
    assert [case.subject for case in dicom.read(tmp_path).cases] == ["s0", "s1", "s2"]


def test_without_the_package_the_line_names_it(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(InputError, match=r'found none; pip install "tf_ganaug\[dicom\]"'):
        dicom.read(root)
