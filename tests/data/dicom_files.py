"""DICOM series and segmentations, written by pydicom."""

import nibabel
import numpy as np
import pydicom

from tests.data.refusals import line_of, read_all
from tf_ganaug.data import dicom

#: Rows, columns and slices; millimetres between rows, between columns, between slices.
ROWS, COLUMNS, SLICES = 6, 8, 4
SPACING, GAP = (0.5, 0.75), 2.5
ORIGIN = np.array([-100.0, -80.0, 30.0])

#: Along a row to the patient's left, along a column to the back: axial, as scanners write it.
AXIAL = [1, 0, 0, 0, 1, 0]
CORONAL = [1, 0, 0, 0, 0, -1]


def units():
    """(slices, rows, columns) int16 Hounsfield units that name their place."""
    k, row, column = np.indices((SLICES, ROWS, COLUMNS))
    return (column + 10 * row + 100 * k - 200).astype(np.int16)


def normal(orientation):
    return np.cross(orientation[:3], orientation[3:])


def place(number, orientation=AXIAL):
    return (ORIGIN + number * GAP * normal(orientation)).tolist()


def data_set(path, sop_class):
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    made = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    return made


def save_slice(path, pixels, position, orientation=AXIAL, **changes):
    """A CT slice of stored integers whose Hounsfield units are twice that minus 1024."""
    made = data_set(path, "1.2.840.10008.5.1.4.1.1.2")
    stored = (pixels.astype(np.int32) + 1024) // 2
    values = {
        "Modality": "CT", "SeriesInstanceUID": "1.2.3", "Rows": pixels.shape[0], "Columns": pixels.shape[1],
        "ImageOrientationPatient": orientation, "ImagePositionPatient": position, "PixelSpacing": list(SPACING),
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 16,
        "HighBit": 15, "PixelRepresentation": 0, "RescaleSlope": 2, "RescaleIntercept": -1024,
        "PixelData": stored.astype("<u2").tobytes(),
    }  # fmt: skip
    for name, value in {**values, **changes}.items():
        setattr(made, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path)
    return path


def save_series(folder, orientation=AXIAL, numbers=(2, 0, 3, 1)):
    """Files in another order than their places."""
    for file, number in enumerate(numbers):
        save_slice(folder / f"IM{file}", 2 * (units()[number] // 2), place(number, orientation), orientation)


def save_segments(path, segments, **changes):
    """Each segment is a name and the (slice, (rows, columns) mask) pairs that it is drawn on."""
    made = data_set(path, "1.2.840.10008.5.1.4.1.1.66.4")
    Dataset, Sequence = pydicom.dataset.Dataset, pydicom.sequence.Sequence

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


def save_labelled_series(root):
    """One series p with an IPH in slice 1 and, beside it, an SDH in slices 1 and 3."""
    save_series(root / "images" / "p")
    segments = [("IPH", [(1, drawn(2, 3))]), ("SDH", [(1, drawn(5, 7)), (3, drawn(0, slice(1, 3)))])]
    save_segments(root / "labels" / "p.dcm", segments)
    return root


def refusal(root):
    return line_of(read_all, dicom.read, root)


def nifti_label():
    affine = np.diag([-1.0, -1.0, GAP, 1.0])
    affine[:3, 3] = ORIGIN * [-1, -1, 1]
    return nibabel.Nifti1Image((np.arange(SLICES * ROWS * COLUMNS) % 2).reshape(COLUMNS, ROWS, -1).astype("u1"), affine)
