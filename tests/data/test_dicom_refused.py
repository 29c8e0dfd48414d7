"""DICOM files that do not fit each other are refused in one line, and never passed over."""

import os

import nibabel
import numpy as np
import pydicom
import pytest

from tests.data.dicom_files import (
    COLUMNS,
    CORONAL,
    GAP,
    ORIGIN,
    ROWS,
    SLICES,
    SPACING,
    drawn,
    nifti_label,
    place,
    refusal,
    save_labelled_series,
    save_segments,
    save_series,
    save_slice,
    units,
)
from tf_ganaug.data import dicom
from tf_ganaug.errors import InputError


@pytest.fixture
def root(tmp_path):
    return save_labelled_series(tmp_path)


def test_missing_slice(root):
    (root / "images" / "p" / "IM3").unlink()
    found = "found 5.00 mm between IM1 and IM0; add the missing slices"
    assert f"{root / 'images' / 'p'}: expected 2.50 mm between all slices, {found}" in refusal(root)


def test_duplicate_slice(root):
    save_slice(root / "images" / "p" / "IM9", units()[1], place(1))
    assert "IM9: expected one slice in one place, found IM3 there too" in refusal(root)


@pytest.mark.parametrize(
    ("pixels", "changes", "line"),
    [
        (units()[0][:, :7], {}, "expected Columns 8 as IM0, found 7"),
        (units()[0][:5], {}, "expected Rows 6 as IM0, found 5"),
        (units()[0], {"SeriesInstanceUID": "1.2.4"}, "expected SeriesInstanceUID 1.2.3 as IM0, found 1.2.4"),
        (units()[0], {"PixelSpacing": [0.5, 0.5]}, "expected PixelSpacing [0.5, 0.75] as IM0, found [0.5, 0.5]"),
        (units()[0], {"ImageOrientationPatient": CORONAL}, "expected ImageOrientationPatient"),
        (units()[0], {"RescaleSlope": None}, "expected RescaleSlope and RescaleIntercept in all slices or in none"),
        (units()[0], {"NumberOfFrames": 2}, "expected one slice per file, found 2 frames"),
        (units()[0], {"PixelData": b"12"}, "expected a whole file"),
    ],
)
def test_slice_that_does_not_fit(root, pixels, changes, line):
    path = save_slice(root / "images" / "p" / "IM1", pixels, place(0), **changes)
    message = refusal(root)
    assert message.startswith(f"{path}: ")
    assert line in message


@pytest.mark.parametrize(("name", "content"), [("IM9", b""), ("IM9", b"x" * 5000)])
def test_a_file_that_may_be_a_damaged_slice_is_refused(root, name, content):
    (root / "images" / "p" / name).write_bytes(content)
    assert f"{name}: expected a DICOM file, found another or a damaged one; remove it if it is no" in refusal(root)


def test_damaged_headers_are_refused_or_read_and_never_passed_over(root):
    """Bytes of a slice and of its label, one or three at a time."""
    rng = np.random.default_rng(0)
    for path in (root / "images" / "p" / "IM1", root / "labels" / "p.dcm"):
        whole = path.read_bytes()
        for turn in range(100):
            damaged = bytearray(whole)
            for byte in rng.integers(128, len(whole), 1 + 2 * (turn % 2)):
                damaged[byte] = rng.integers(256)
            path.write_bytes(damaged)
            os.utime(path, ns=(turn, turn))
            try:
                data = dicom.read(root)
                pixels = [(case.read_image(), case.read_label()) for case in data.cases]
            except InputError as error:
                assert "\n" not in str(error)
            else:
                assert len(pixels) == SLICES and not any("passed over" in note for note in data.notes)
        path.write_bytes(whole)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")  # of pydicom, as it is written
@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"ImageOrientationPatient": [1, 0]}, "expected ImageOrientationPatient of 6 numbers, found [1.0, 0.0]"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "of two unit vectors at right angles"),
        ({"ImageOrientationPatient": [0] * 6}, "of two unit vectors at right angles"),
        ({"ImageOrientationPatient": None}, "expected a slice with ImageOrientationPatient, found none"),
        ({"ImagePositionPatient": [1, 0]}, "expected ImagePositionPatient of 3 numbers"),
        ({"ImagePositionPatient": ["nan", "0", "0"]}, "expected ImagePositionPatient of 3 numbers"),
        ({"PixelSpacing": ["nan", "1"]}, "expected PixelSpacing of 2 numbers"),
        ({"PixelSpacing": ["1e30", "1"]}, "expected PixelSpacing of 2 numbers"),
        (
            {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"},
            "expected a slice in grey, found 3 channels (RGB)",
        ),
    ],
)
def test_geometry_that_all_slices_have_wrong(root, changes, line):
    for number in range(SLICES):
        position = changes.get("ImagePositionPatient", place(number))
        save_slice(root / "images" / "p" / f"IM{number}", units()[number], position, **changes)
    assert line in refusal(root)


@pytest.mark.parametrize(
    ("segments", "changes", "line"),
    [
        ([("tumour", [(1, drawn(2, 3))])], {}, "expected segments among IPH, IVH, EDH, SDH, SAH, found tumour"),
        ([("IPH", [(1, drawn(2, 3)[:5])])], {}, "expected 6 x 8 as p, found 5 x 8"),
        ([("IPH", [(1, drawn(2, 3))])], {"position": [0, 0, 0]}, "(frame 1): expected the position and orientation"),
        ([("IPH", [(1, drawn(2, 3))])], {"spacing": [0.5, 0.5]}, "(frame 1): expected the position and orientation"),
        ([("IPH", [(1, drawn(2, 3))])], {"kind": "FRACTIONAL"}, "expected SegmentationType BINARY, found FRACTIONAL"),
        (
            [("IPH", [(1, drawn(2, 3))]), ("SDH", [(1, drawn(2, slice(2, 5)))])],
            {},
            "(frame 2): expected every pixel in",
        ),
    ],
)
def test_segmentation_that_does_not_fit(root, segments, changes, line):
    path = save_segments(root / "labels" / "p.dcm", segments, **changes)
    message = refusal(root)
    assert message.startswith(str(path))
    assert line in message


def test_labels_that_are_no_segmentation(root):
    path = save_slice(root / "labels" / "p.dcm", units()[0], place(0))
    line = f"{path}: expected SegmentationType BINARY, found none in CT Image Storage; export the labels as such"
    assert line in refusal(root)
    with pytest.raises(InputError, match="found none in CT Image Storage"):
        dicom.read(root, classes=None)


def test_more_segments_than_classes_name_their_folder(root):
    segments = [(f"s{number}", [(1, drawn(2, 3))]) for number in range(255)]
    save_segments(root / "labels" / "p.dcm", segments)
    with pytest.raises(InputError, match="labels: expected at most 254 classes beside the background, found 255"):
        dicom.read(root, classes=None)


def test_a_segment_without_a_name(root):
    path = root / "labels" / "p.dcm"
    header = pydicom.dcmread(path)
    header.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7
    header.save_as(path)
    assert f"{path} (frame 2): expected a segment among 1, 2, found 7, which has no name" in refusal(root)


def test_inverted_slices_beside_others(root):
    save_slice(
        root / "images" / "p" / "IM3", units()[1], place(1), PhotometricInterpretation="MONOCHROME1", Modality="MR"
    )
    assert "IM3: expected PhotometricInterpretation MONOCHROME2 as IM0, found MONOCHROME1" in refusal(root)


def test_a_description_that_does_not_fit_and_limits(root):
    (root / "dataset.yaml").write_text("colours: {IPH: [255, 0, 0]}\n")
    assert "dataset.yaml: expected no 'colours' beside DICOM series" in refusal(root)
    frames, voxels = 3 * ROWS * COLUMNS, SLICES * ROWS * COLUMNS
    (root / "dataset.yaml").write_text(f"limits: {{pixels: {frames - 1}}}\n")
    assert f"p.dcm: expected at most {frames - 1} pixels, found {frames} (3 x 6 x 8)" in refusal(root)
    (root / "labels" / "p.dcm").unlink()
    steps = np.diag([-SPACING[1], -SPACING[0], GAP, 1])
    steps[:3, 3] = ORIGIN * (-1, -1, 1)
    nibabel.save(nibabel.Nifti1Image(np.ones((COLUMNS, ROWS, SLICES), np.uint8), steps), root / "labels" / "p.nii")
    (root / "dataset.yaml").write_text(f"limits: {{pixels: {voxels - 1}}}\n")
    with pytest.raises(InputError, match=f"p.nii: expected at most {voxels - 1} pixels, found {voxels}"):
        dicom.read(root, classes=None)


def test_nifti_mask_that_does_not_fit(root):
    (root / "labels" / "p.dcm").unlink()
    path, shape = root / "labels" / "p.nii", (COLUMNS, ROWS, SLICES)
    steps = np.diag([-SPACING[1], -SPACING[0], GAP, 1])
    steps[:3, 3] = ORIGIN * (-1, -1, 1)
    for affine, ids, line in (
        (np.eye(4), np.zeros(shape), f"{path}: expected the position and orientation of p, found another"),
        (steps, np.zeros((COLUMNS, ROWS, 3)), f"{path}: expected 8 x 6 x 4 as p, found 8 x 6 x 3"),
        (steps, np.full(shape, 6), f"{path}: expected label values among [0, 1, 2, 3, 4, 5], found [6]"),
    ):
        nibabel.save(nibabel.Nifti1Image(ids.astype(np.uint8), affine), path)
        assert line in refusal(root)


def test_partners(root):
    save_series(root / "images" / "q")
    (root / "labels" / "q.png").write_bytes(b"")
    line = "expected one label for every image, found none for q, q.png is there, of no format that is read"
    assert line in refusal(root)
    save_segments(root / "labels" / "q.dcm", [("IPH", [(1, drawn(2, 3))])])
    nibabel.save(nifti_label(), root / "labels" / "q.nii.gz")
    assert "q.nii.gz: expected one label for each series, found q.dcm too" in refusal(root)
    assert f"{root / 'none' / 'images'}: expected a folder" in refusal(root / "none")
