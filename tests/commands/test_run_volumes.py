"""`run` on volumes in NIfTI and series in DICOM."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest

from tests.commands.questions import disc
from tf_ganaug.api import ask
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.experiment.sources import Request
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.opening import Source, open_question

pytestmark = pytest.mark.usefixtures("eager_file")


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """Five subjects of 1 to 30 slices of two int16 NIfTI sequences, one a hundredth of the other, and their masks."""
    root, rng = tmp_path_factory.mktemp("data") / "volumes", np.random.default_rng(1)
    for part in ("imagesTr", "labelsTr"):
        (root / part).mkdir(parents=True)
    for number, slices in enumerate((30, 2, 12, 1, 5)):
        shape = 21 + number, 33, slices
        mask = np.stack([disc(rng, *shape[:2]) for _ in range(shape[2])], -1)
        affine = np.diag([0.7, 0.9, 5.0, 1.0])
        pixels = rng.normal(-500, 200, shape) + 3000 * mask
        files = {"imagesTr/scan{}_0000": pixels, "imagesTr/scan{}_0001": pixels / 100, "labelsTr/scan{}": mask}
        for name, array in files.items():
            image = nibabel.Nifti1Image(array.astype(np.int16), affine)
            nibabel.save(image, root / f"{name.format(number)}.nii.gz")
    channels = {"channel_names": {"0": "T1", "1": "FLAIR"}, "labels": {"background": 0, "disc": 1}}
    (root / "dataset.json").write_text(json.dumps({**channels, "numTraining": 5, "file_ending": ".nii.gz"}))
    return root


def test_volumes_of_odd_sizes_through_python(volumes, tmp_path):
    few = {"training.iterations": 2, "wgan_gp.iterations": 1, "wgan_gp.critic_steps": 1}
    asked = {"gan": "wgan_gp", "repeats": 1, "arms": "[real,gan]", "changes": few}
    found = ask(volumes, out=tmp_path / "out", profile="smoke", **asked)
    assert "Dice" in found.sentence and found.report.exists() and len(found.changes[1.0]) == 1
    assert set(found.measures.arm) == {"real", "gan"} and found.measures.dice.between(0, 1).all()
    # A subject's Dice is of the pixels of all its slices, whether it has 1 or 30.
    sums = found.measures.groupby(["arm", "subject"])[["pixels_true", "pixels_found", "pixels_both"]].sum()
    dice = found.subjects.set_index(["arm", "subject"]).dice
    assert dice.to_dict() == pytest.approx((2 * sums.pixels_both / (sums.pixels_true + sums.pixels_found)).to_dict())
    assert found.measures.groupby(["arm", "subject"]).case.nunique().between(1, 30).all()
    # Pixels of 0.9 mm by 0.7 mm at native size: the test part's distances are in millimetres.
    assert found.study.unit == "mm"
    low, high = found.study.subset(1.0).provenance.ranges(1)[0]
    assert (high - low)[0] > 50 * (high - low)[1] > 0
    real, made = (Pairs([part]).take([0])[0] for part in (found.study.subset(1.0).real([0]), found.study.made(1.0)))
    assert real.shape == made.shape == (1, 32, 32, 2) and np.ptp(real[..., 1]) == 2


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Seven CT series of two slices in DICOM, three of them of one patient, with masks in NIfTI."""
    pydicom = pytest.importorskip("pydicom")
    root, rng = tmp_path_factory.mktemp("data") / "series", np.random.default_rng(2)
    (root / "labels").mkdir(parents=True)
    for number in range(7):
        (root / f"images/scan{number}").mkdir(parents=True)
        mask = np.stack([disc(rng, 22, 30) for _ in range(2)])
        for place, pixels in enumerate(rng.normal(1000, 20, mask.shape) + 300 * mask):
            meta = pydicom.dataset.FileMetaDataset()
            meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
            meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
            meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
            path = root / f"images/scan{number}/{place}.dcm"
            made = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
            made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
            made.Modality, made.SeriesInstanceUID, made.PatientID = "CT", f"1.2.{number}", f"{max(0, number - 2)}"
            made.Rows, made.Columns, made.PixelSpacing = 22, 30, [0.9, 0.9]
            made.ImageOrientationPatient, made.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-13.5, -9.9, 5.0 * place]
            made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
            made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
            made.RescaleSlope, made.RescaleIntercept = 1, -1024
            made.PixelData = pixels.astype("<u2").tobytes()
            made.save_as(path)
        # DICOM's millimetres run to the left and the back, NIfTI's to the right and the front.
        affine = np.array([[-0.9, 0, 0, 13.5], [0, -0.9, 0, 9.9], [0, 0, 5, 0], [0, 0, 0, 1]])
        volume = nibabel.Nifti1Image(mask.transpose(2, 1, 0).astype(np.uint8), affine)
        nibabel.save(volume, root / f"labels/scan{number}.nii.gz")
    return root


def test_dicom_series(series, tmp_path):
    study, _ = open_question(Source(Request(series, reader="dicom")), settings_of("smoke", []), tmp_path / "out")
    assert len(study.sized.cases) == 14
    parts = study.splits[0]
    tested = {*parts.train, *parts.validation, *parts.test}
    assert tested == {"scan0", "scan3", "scan4", "scan5", "scan6"}
