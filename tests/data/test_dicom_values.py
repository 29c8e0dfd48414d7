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


def test_real_pixels_keep_their_fractions(root):
    """As parametric maps have them."""
    truth = units()[2].astype(np.float32) + 0.25
    path = save_slice(root / "images" / "p" / "IM0", units()[2], place(2), RescaleSlope=1, RescaleIntercept=0)
    header = pydicom.dcmread(path)
    for name in ("PixelData", "PixelRepresentation", "BitsStored", "HighBit"):
        delattr(header, name)
    header.FloatPixelData, header.BitsAllocated = truth.tobytes(), 32
    header.save_as(path)
    np.testing.assert_array_equal(dicom.read(root).cases[2].read_image()[..., 0], truth[:, ::-1])


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
        ({"RescaleIntercept": [1, 2]}, "expected RescaleIntercept of 1 numbers, found [1.0, 2.0]"),
        ({"RescaleIntercept": "1e300"}, "expected RescaleIntercept of 1 numbers, found 1e300"),
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
