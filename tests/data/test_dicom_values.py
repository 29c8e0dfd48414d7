"""What the stored integers of a DICOM slice mean: slopes, inversion, compression."""

import numpy as np
import pydicom
import pytest

from tests.data.dicom_files import COLUMNS, ROWS, SLICES, place, refusal, save_labelled_series, save_slice, units
from tf_ganaug.data import dicom
from tf_ganaug.data.cache import sized_cases


@pytest.fixture
def root(tmp_path):
    return save_labelled_series(tmp_path)


def test_fractional_units(root):
    save_slice(root / "images" / "p" / "IM0", units()[2], place(2), RescaleIntercept=-1023.5)
    image = dicom.read(root).cases[2].read_image()
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[..., 0], (2 * (units()[2] // 2) + 0.5)[:, ::-1])


def test_slices_of_several_types_become_one_data_set(root):
    """As in PET, whose slope is that of each slice, and in values beyond 16 bits."""
    truth = [(units()[number].astype(np.int64) + 1024) // 2 for number in range(SLICES)]
    for number, (slope, kind) in enumerate(((1, np.int16), (0.5, np.float32), (400, np.int32), (-1, np.int16))):
        path = save_slice(root / "images" / "p" / f"IM{(1, 3, 0, 2)[number]}", units()[number], place(number))
        header = pydicom.dcmread(path)
        header.RescaleSlope, header.RescaleIntercept = slope, 0
        header.save_as(path)
        truth[number] = truth[number] * slope
        assert dicom.read(root).cases[number].read_image().dtype == kind
    sized = sized_cases(dicom.read(root), ROWS, COLUMNS, (0, 100), root / "cache")
    assert sized.images.dtype == np.float32
    for image, expected in zip(sized.images, truth):
        np.testing.assert_array_equal(image[..., 0], expected[:, ::-1])


@pytest.mark.parametrize(("bits", "signed"), [(16, 0), (12, 0), (16, 1)])
def test_white_that_is_zero_is_inverted_but_not_in_ct(root, bits, signed):
    shown = [(units()[number] + 1024) // 2 for number in range(SLICES)]
    for number in range(SLICES):
        path = save_slice(root / "images" / "p" / f"IM{(1, 3, 0, 2)[number]}", units()[number], place(number))
        header = pydicom.dcmread(path)
        header.Modality, header.PhotometricInterpretation = "MR", "MONOCHROME1"
        header.BitsStored, header.HighBit, header.PixelRepresentation = bits, bits - 1, signed
        header.RescaleSlope, header.RescaleIntercept = 1, 0
        highest = -1 if signed else 2**bits - 1
        header.PixelData = (highest - shown[number].astype(np.int32)).astype("<i2" if signed else "<u2").tobytes()
        header.save_as(path)
    dataset = dicom.read(root)
    for case, expected in zip(dataset.cases, shown):
        np.testing.assert_array_equal(case.read_image()[..., 0], expected[:, ::-1])
    assert dataset.notes == ("MONOCHROME1, whose zero is white: values are inverted: p",)
    header.Modality = "CT"
    header.save_as(path)
    assert "expected MONOCHROME2 in CT, since Hounsfield units cannot be inverted, found MONOCHROME1" in refusal(root)


def test_palettes_of_slices_and_lossy_segmentations_are_refused(root):
    path = root / "labels" / "p.dcm"
    header = pydicom.dcmread(path)
    header.LossyImageCompression = "01"
    header.save_as(path)
    assert f"{path}: expected labels stored without loss" in refusal(root)
    path = save_slice(root / "images" / "p" / "IM0", units()[2], place(2), PhotometricInterpretation="PALETTE COLOR")
    assert f"{path}: expected a slice in grey (MONOCHROME1 or MONOCHROME2), found PALETTE COLOR" in refusal(root)


@pytest.mark.parametrize(("modality", "noted"), [("MR", False), ("CT", True)])
@pytest.mark.parametrize("absent", [False, True])
def test_values_are_as_stored_where_no_slope_is_stated(root, modality, noted, absent):
    for number in range(SLICES):
        nothing = {"RescaleSlope": None, "RescaleIntercept": None, "Modality": modality}
        path = save_slice(root / "images" / "p" / f"IM{number}", units()[number], place(number), **nothing)
        if absent:
            stored = pydicom.dcmread(path)
            del stored.RescaleSlope, stored.RescaleIntercept
            stored.save_as(path)
    data = dicom.read(root)
    assert data.cases[0].read_image().min() == (units()[0].astype(int) + 1024).min() // 2
    assert any("CT without RescaleSlope" in note for note in data.notes) == noted


def item(**values):
        one = Dataset()
        for name, value in values.items():
            setattr(one, name, value)
        return one

    groups, frames, named = [], [], []
    for number, (name, drawn) in enumerate(segments, start=1):
        named.append(item(SegmentNumber=number, SegmentLabel=name))
        for slice_number, mask in drawn:
            position = changes.get("position", place(slice_number))
            groups.append(
                item(
                    SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=number)]),
                    PlanePositionSequence=Sequence([item(ImagePositionPatient=position)]),
                )
            )
            frames.append(mask)
    made.Modality, made.SegmentationType = "SEG", changes.get("kind", "BINARY")
    made.SegmentSequence, made.PerFrameFunctionalGroupsSequence = Sequence(named), Sequence(groups)
    shared = item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=AXIAL)]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=changes.get("spacing", list(SPACING)))]),
    )
    made.SharedFunctionalGroupsSequence = Sequence([shared])
    made.NumberOfFrames, (made.Rows, made.Columns) = len(frames), np.shape(frames)[1:]
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 1, 1, 0
    packed = np.packbits(np.array(frames, np.uint8).ravel(), bitorder="little").tobytes()
    made.PixelData = packed + b"\0" * (len(packed) % 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path)
    return path


def drawn(row, column):
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    mask[row, column] = 1
    return mask


@pytest.fixture
def root(tmp_path):
    """One series p with an IPH in slice 1 and, beside it, an SDH in slices 1 and 3."""
    save_series(tmp_path / "images" / "p")
    segments = [("IPH", [(1, drawn(2, 3))]), ("SDH", [(1, drawn(5, 7)), (3, drawn(0, slice(1, 3)))])]
    save_segments(tmp_path / "labels" / "p.dcm", segments)
    return tmp_path


def refusal(root):
    with pytest.raises(InputError) as caught:
        for case in dicom.read(root).cases:
            case.read_image()
            case.class_indices(FIVE)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def test_fractional_units(root):
    save_slice(root / "images" / "p" / "IM0", units()[2], place(2), RescaleIntercept=-1023.5)
    image = dicom.read(root).cases[2].read_image()
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[..., 0], (2 * (units()[2] // 2) + 0.5)[:, ::-1])


def test_slices_of_several_types_become_one_data_set(root):
    """As in PET, whose slope is that of each slice, and in values beyond 16 bits."""
    truth = [(units()[number].astype(np.int64) + 1024) // 2 for number in range(SLICES)]
    for number, (slope, kind) in enumerate(((1, np.int16), (0.5, np.float32), (400, np.int32), (-1, np.int16))):
        path = save_slice(root / "images" / "p" / f"IM{(1, 3, 0, 2)[number]}", units()[number], place(number))
        header = pydicom.dcmread(path)
        header.RescaleSlope, header.RescaleIntercept = slope, 0
        header.save_as(path)
        truth[number] = truth[number] * slope
        assert dicom.read(root).cases[number].read_image().dtype == kind
    sized = sized_cases(dicom.read(root), ROWS, COLUMNS, (0, 100), root / "cache")
    assert sized.images.dtype == np.float32
    for image, expected in zip(sized.images, truth):
        np.testing.assert_array_equal(image[..., 0], expected[:, ::-1])


@pytest.mark.parametrize(("bits", "signed"), [(16, 0), (12, 0), (16, 1)])
def test_white_that_is_zero_is_inverted_but_not_in_ct(root, bits, signed):
    shown = [(units()[number] + 1024) // 2 for number in range(SLICES)]
    for number in range(SLICES):
        path = save_slice(root / "images" / "p" / f"IM{(1, 3, 0, 2)[number]}", units()[number], place(number))
        header = pydicom.dcmread(path)
        header.Modality, header.PhotometricInterpretation = "MR", "MONOCHROME1"
        header.BitsStored, header.HighBit, header.PixelRepresentation = bits, bits - 1, signed
        header.RescaleSlope, header.RescaleIntercept = 1, 0
        highest = -1 if signed else 2**bits - 1
        header.PixelData = (highest - shown[number].astype(np.int32)).astype("<i2" if signed else "<u2").tobytes()
        header.save_as(path)
    dataset = dicom.read(root)
    for case, expected in zip(dataset.cases, shown):
        np.testing.assert_array_equal(case.read_image()[..., 0], expected[:, ::-1])
    assert dataset.notes == ("MONOCHROME1, whose zero is white: values are inverted: p",)
    header.Modality = "CT"
    header.save_as(path)
    assert "expected MONOCHROME2 in CT, since Hounsfield units cannot be inverted, found MONOCHROME1" in refusal(root)


def test_palettes_of_slices_and_lossy_segmentations_are_refused(root):
    path = root / "labels" / "p.dcm"
    header = pydicom.dcmread(path)
    header.LossyImageCompression = "01"
    header.save_as(path)
    assert f"{path}: expected labels stored without loss" in refusal(root)
    path = save_slice(root / "images" / "p" / "IM0", units()[2], place(2), PhotometricInterpretation="PALETTE COLOR")
    assert f"{path}: expected a slice in grey (MONOCHROME1 or MONOCHROME2), found PALETTE COLOR" in refusal(root)


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
            for place in rng.integers(128, len(whole), 1 + 2 * (turn % 2)):
                damaged[place] = rng.integers(256)
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


def nifti_label():
    affine = np.diag([-1.0, -1.0, GAP, 1.0])
    affine[:3, 3] = ORIGIN * [-1, -1, 1]
    return nibabel.Nifti1Image((np.arange(SLICES * ROWS * COLUMNS) % 2).reshape(COLUMNS, ROWS, -1).astype("u1"), affine)


@pytest.mark.parametrize(("modality", "noted"), [("MR", False), ("CT", True)])
@pytest.mark.parametrize("absent", [False, True])
def test_values_are_as_stored_where_no_slope_is_stated(root, modality, noted, absent):
    for number in range(SLICES):
        nothing = {"RescaleSlope": None, "RescaleIntercept": None, "Modality": modality}
        path = save_slice(root / "images" / "p" / f"IM{number}", units()[number], place(number), **nothing)
        if absent:
            stored = pydicom.dcmread(path)
            del stored.RescaleSlope, stored.RescaleIntercept
            stored.save_as(path)
    data = dicom.read(root)
    assert data.cases[0].read_image().min() == (units()[0].astype(int) + 1024).min() // 2
    assert any("CT without RescaleSlope" in note for note in data.notes) == noted


def item(**values):
    one = pydicom.dataset.Dataset()
    for name, value in values.items():
        setattr(one, name, value)
    return one


def of_all(root, changes):
    """The series with these changes in each slice, where a function is given the slice's number."""
    for number in range(SLICES):
        changed = changes(number) if callable(changes) else changes
        save_slice(root / "images" / "p" / f"IM{(1, 3, 0, 2)[number]}", units()[number], place(number), **changed)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"RescaleSlope": 0}, "expected a RescaleSlope that keeps the values apart, found 0"),
        ({"BitsStored": 12, "HighBit": 15}, "expected values in the lowest bits of each pixel, found HighBit 15 of 12"),
        ({"BitsStored": 12, "HighBit": 10}, "found HighBit 10 of 12 bits"),
    ],
)
def test_values_that_slope_and_intercept_do_not_give(root, changes, line):
    of_all(root, changes)
    assert line in refusal(root)


def test_a_table_of_values_is_refused_and_a_mapping_told(root):
    table = item(LUTDescriptor=[4, 0, 16], ModalityLUTType="HU")
    table.add_new("LUTData", "OW", np.arange(4, dtype="<u2").tobytes())
    of_all(root, {"ModalityLUTSequence": [table]})
    assert "expected values by RescaleSlope, found a table of values (Modality LUT)" in refusal(root)
    mapping = item(RealWorldValueSlope=2.0, RealWorldValueIntercept=5.0)
    of_all(root, {"RealWorldValueMappingSequence": [mapping]})
    assert "RealWorldValueMappingSequence is passed over" in dicom.read(root).notes[0]


@pytest.mark.parametrize("signed", [0, 1])
def test_bits_above_those_stored_are_none_of_the_value(root, signed):
    """12 bits of 16: the others may hold an overlay, or not repeat the sign."""

    def stored(number):
        values = units()[number].astype(np.int32) + 1024 * (1 - signed)
        pixels = values & 0x0FFF if signed else values | 0x8000
        bits = {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": signed}
        return {
            **bits,
            "RescaleSlope": 1,
            "RescaleIntercept": -1024 * (1 - signed),
            "PixelData": pixels.astype("<u2").tobytes(),
        }

    of_all(root, stored)
    for case, expected in zip(dicom.read(root).cases, units()):
        np.testing.assert_array_equal(case.read_image()[..., 0], expected[:, ::-1])


def test_slices_with_slopes_of_their_own(root):
    """As PET has them."""
    of_all(root, lambda number: {"RescaleSlope": 1 + number, "RescaleIntercept": -10 * number, "Modality": "PT"})
    for number, case in enumerate(dicom.read(root).cases):
        expected = (units()[number].astype(int) + 1024) // 2 * (1 + number) - 10 * number
        np.testing.assert_array_equal(case.read_image()[..., 0], expected[:, ::-1])


def test_compressed_slices_name_the_package_that_decodes_them(root):
    """No decoder in the world reads MPEG2 here; others are read where python-gdcm is installed."""
    for path in sorted((root / "images" / "p").iterdir()):
        stored = pydicom.dcmread(path)
        stored.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML
        stored.PixelData = pydicom.encaps.encapsulate([b"compressed"])
        stored["PixelData"].VR = "OB"
        stored.save_as(path)
    message = refusal(root)
    assert "expected a decoder for MPEG2 Main Profile / Main Level, found none installed" in message
    assert 'pip install "tf_ganaug[dicom]", which brings python-gdcm' in message


@pytest.mark.parametrize("syntax", ["JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless"])
def test_the_extra_brings_decoders(root, syntax):
    gdcm = pytest.importorskip("gdcm")
    expected = [case.read_image() for case in dicom.read(root).cases]
    for path in sorted((root / "images" / "p").iterdir()):
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(path))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(path))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_compressed
    for case, pixels in zip(dicom.read(root).cases, expected):
        np.testing.assert_array_equal(case.read_image(), pixels)


def test_losslessly_compressed_slices_are_read(root):
    expected = [case.read_image() for case in dicom.read(root).cases]
    for path in sorted((root / "images" / "p").iterdir()):
        stored = pydicom.dcmread(path)
        stored.compress(pydicom.uid.RLELossless)
        stored.save_as(path)
    for case, pixels in zip(dicom.read(root).cases, expected):
        np.testing.assert_array_equal(case.read_image(), pixels)


def test_a_deflated_file_that_unfolds_without_end_is_refused(root, monkeypatch):
    monkeypatch.setattr("tf_ganaug.data.dicom_files._MOST_DEFLATED", 1000)
    path = root / "images" / "p" / "IM0"
    stored = pydicom.dcmread(path)
    stored.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    stored.PatientComments = "x" * 5000
    stored.save_as(path, enforce_file_format=True)
    assert f"{path}: expected at most 1,000 bytes, found more, deflated" in refusal(root)
