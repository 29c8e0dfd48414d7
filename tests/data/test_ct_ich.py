"""A tree in the layout of PhysioNet's CT-ICH 1.3.1, written by nibabel."""

import csv
import logging
import os
import pickle

import nibabel
import numpy as np
import pytest

from tests.data.refusals import line_of, read_all
from tf_ganaug.data import ct_ich
from tf_ganaug.data.haemorrhage import FIVE
from tf_ganaug.errors import InputError

#: As the scans' headers: the first axis runs to the left, the second to the front, slices from the feet.
AFFINE = np.array([[-0.5, 0, 0, 120], [0, 0.4, 0, -90], [0, 0, 5, 0], [0, 0, 0, 1]])
SHAPE = (6, 8, 5)
COLUMNS = [
    "PatientNumber", "SliceNumber", "Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural", "Subdural",
    "No_Hemorrhage", "Fracture_Yes_No",
]  # fmt: skip


def scan(patient):
    """int16 Hounsfield units that name their place."""
    x, y, z = np.indices(SHAPE)
    return (patient + 10 * x + 100 * y + 1000 * z - 1000).astype(np.int16)


def mask(*slices):
    """0 and 255; slices are numbered from 1, blood is off the middle."""
    voxels = np.zeros(SHAPE, np.uint8)
    for number in slices:
        voxels[1:3, 5, number - 1] = 255
    return voxels


def save(root, kind, patient, voxels, affine=AFFINE):
    (root / kind).mkdir(exist_ok=True)
    path = root / kind / f"{patient:03d}.nii"
    nibabel.save(nibabel.Nifti1Image(voxels, affine), path)
    return path


def save_table(root, types, columns=COLUMNS):
    """`types` maps (patient, slice) to columns that are 1; all other slices of the patients are healthy."""
    with (root / ct_ich.TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", restval=0)
        writer.writeheader()
        for patient in sorted({patient for patient, _ in types}):
            for number in range(1, SHAPE[2] + 1):
                shown = types.get((patient, number), ())
                row = {"PatientNumber": patient, "SliceNumber": number, **dict.fromkeys(shown, 1)}
                writer.writerow({**row, "No_Hemorrhage": int(not shown)})


@pytest.fixture
def root(tmp_path):
    """Two patients with blood and one without, whose scan is not there."""
    for patient, slices in ((49, (2, 3, 4)), (101, (1, 5))):
        save(tmp_path, "ct_scans", patient, scan(patient))
        # The masks were made from films, so that their headers do not know the scan's place.
        save(tmp_path, "masks", patient, mask(*slices), np.eye(4))
    types = {
        (49, 2): ["Subdural"], (49, 3): ["Subdural", "Subarachnoid"], (49, 4): ["Intraventricular"],
        (101, 1): ["Intraparenchymal"], (101, 2): ["Epidural"], (60, 1): [],
    }  # fmt: skip
    save_table(tmp_path, types)
    return tmp_path


def refusal(root):
    return line_of(read_all, ct_ich.read, root)


def test_slices_with_one_type(root, caplog):
    """Slice 3 of 49 has two types, slice 5 of 101 none though it has a mask, slice 2 of 101 no mask."""
    with caplog.at_level(logging.WARNING, "tf_ganaug"):
        dataset = pickle.loads(pickle.dumps(ct_ich.read(root)))
    assert caplog.messages == ["CT-ICH: slices with a mask left out: 1 of several types, 1 of none"]
    assert (dataset.name, dataset.channels, dataset.spec, dataset.synthetic) == ("CT-ICH", 1, FIVE, False)
    assert [(case.id, case.subject) for case in dataset.cases] == [
        ("049_002", "049"), ("049_004", "049"), ("101_001", "101"),
    ]  # fmt: skip
    np.testing.assert_allclose([case.spacing for case in dataset.cases], [(0.4, 0.5)] * 3, rtol=1e-6)
    names = [FIVE.names[case.class_indices(FIVE).max()] for case in dataset.cases]
    assert names == ["SDH", "IVH", "IPH"]


def test_units_and_orientation(root):
    """Front at the top, the patient's left at the left: the stored first axis turned over."""
    case = ct_ich.read(root).cases[1]
    image, label = case.read_image(), case.read_label()
    assert (image.dtype, image.shape, label.dtype, label.shape) == (np.int16, (8, 6, 1), np.uint8, (8, 6))
    expected = scan(49)[::-1, ::-1, 3].T
    np.testing.assert_array_equal(image[..., 0], expected)
    np.testing.assert_array_equal(label, np.where(mask(4)[::-1, ::-1, 3].T > 0, 2, 0))
    assert np.argwhere(label).tolist() == [[2, 3], [2, 4]]


def test_missing_files(root):
    (root / "masks" / "049.nii").unlink()
    assert f"{root / 'masks' / '049.nii'}: expected a file, found none" in refusal(root)
    (root / "ct_scans" / "049.nii").unlink()
    assert f"{root / 'ct_scans' / '049.nii'}: expected a file, found none" in refusal(root)
    (root / ct_ich.TABLE).unlink()
    assert f"{root / ct_ich.TABLE}: expected a file, found none" in refusal(root)


def test_damaged_scan(root):
    path = root / "ct_scans" / "049.nii"
    path.write_bytes(path.read_bytes()[:-100])
    save(root, "masks", 49, mask(5))
    save_table(root, {(49, 5): ["Subdural"]})
    assert f"{path}: expected a whole nii file" in refusal(root)


def test_mask_of_another_shape(root):
    path = save(root, "masks", 49, mask()[:, :, :4])
    assert f"{path}: expected 6 x 8 x 5 as 049.nii, found 6 x 8 x 4" in refusal(root)


def test_scan_that_is_not_axial(root):
    path = save(root, "ct_scans", 49, scan(49), AFFINE[[2, 1, 0, 3]])
    assert f"{path}: expected axial slices along the third axis" in refusal(root)


def test_table_that_does_not_fit(root):
    save_table(root, {(49, 2): ["Subdural"]}, [column for column in COLUMNS if column != "Epidural"])
    assert f"{root / ct_ich.TABLE}: expected a table with PatientNumber" in refusal(root)
    (root / ct_ich.TABLE).write_text(",".join(COLUMNS) + "\n49,2,0,0,0,0,yes,0,0\n")
    assert "found ValueError" in refusal(root)
    (root / ct_ich.TABLE).write_text(",".join(COLUMNS) + "\n")
    assert "expected a line for every slice, found none" in refusal(root)
    (root / ct_ich.TABLE).write_text(",".join(COLUMNS) + "\n49,9,0,0,0,0,1,0,0\n")
    assert f"{root / ct_ich.TABLE}: expected 5 slices as in 049.nii, found slice 9" in refusal(root)


def test_no_slice_with_one_type(root):
    save_table(root, {(49, 2): ["Subdural", "Epidural"]})
    assert "expected slices with one type of haemorrhage, found none" in refusal(root)


def test_a_pipe_in_the_place_of_the_table_is_refused(root):
    (root / ct_ich.TABLE).unlink()
    os.mkfifo(root / ct_ich.TABLE)
    with pytest.raises(InputError, match=r"hemorrhage_diagnosis_raw_ct.csv: expected a file, found a pipe"):
        ct_ich.read(root)
