"""`check-data` as a user meets it: what is printed and written, and the exit status."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tf_ganaug.cli import main
from tf_ganaug.data import dicom, folder

SIDE = 32


def save_pairs(root, count=4, value=1):
    for number in range(count):
        image = np.random.default_rng(number).integers(0, 90, (SIDE, SIDE), np.uint8)
        label = np.zeros((SIDE, SIDE), np.uint8)
        label[8:20, 6 + number : 22] = value
        for part, pixels in (("images", image + label // value * 100), ("labels", label)):
            (root / part).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / part / f"c{number}.png")
    return root


def check(*arguments):
    return CliRunner().invoke(main, ["check-data", *map(str, arguments)])


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return save_pairs(tmp_path / "mine", value=255)


def test_fit_data_exit_0_and_are_not_written_to(data, tmp_path):
    before = sorted(data.rglob("*"))
    result = check(data)
    assert result.exit_code == 0, result.output
    assert "mine: 4 cases" in result.output and "fit for training\n" in result.output
    out = tmp_path / "check-mine"
    assert sorted(path.name for path in out.iterdir()) == ["cases.csv", "dataset.yaml", "overlays.png", "summary.txt"]
    assert (out / "summary.txt").read_text() in result.output
    assert sorted(data.rglob("*")) == before
    with Image.open(out / "overlays.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[1] == 1600
    assert (pixels == (31, 119, 180)).all(-1).sum() > 100  # outlines and legend in the class' colour


def test_the_description_can_be_edited_and_used(data, tmp_path):
    assert check(data).exit_code == 0
    description = tmp_path / "check-mine" / "dataset.yaml"
    assert folder.read(data, description).spec.names == ("background", "foreground")
    description.write_text(description.read_text().replace("foreground", "cyst"))
    result = check(data, "--dataset-yaml", description)
    assert result.exit_code == 0
    assert "dataset.yaml (yours, kept)" in result.output
    assert "cyst" in result.output and "cyst" in description.read_text()


def test_unfit_data_exit_1(tmp_path):
    data = save_pairs(tmp_path / "few", count=2)
    result = check(data, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "unfit for training: too few subjects: 2," in result.output
    assert (tmp_path / "out" / "overlays.png").exists()


def test_constant_images_alone_are_unfit_and_drawn(tmp_path):
    data = save_pairs(tmp_path / "flat")
    for path in data.glob("*/*.png"):
        Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(path)
    result = check(data, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "no label has a class but the background; constant images" in result.output


def test_unreadable_data_exit_2_naming_every_file(data, tmp_path):
    for number in range(3):
        path = data / "images" / f"c{number}.png"
        path.write_bytes(path.read_bytes()[:50])
    result = check(data, "--out", tmp_path / "out")
    assert result.exit_code == 2
    for number in range(3):
        assert f"{data / 'images'}/c{number}.png: expected a whole png file" in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_more_than_twenty_unreadable_files_are_counted(tmp_path):
    data = save_pairs(tmp_path / "many", count=12)
    for path in data.glob("*/*.png"):
        path.write_bytes(path.read_bytes()[:50])
    for path in data.glob("labels/*.png"):
        path.with_name(f"d{path.name}").write_bytes(path.read_bytes())
        (data / "images" / f"d{path.name}").write_bytes(path.read_bytes())
    result = check(data, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "+4 more" in result.output


@pytest.mark.parametrize("out", ["mine", "mine/check"])
def test_results_do_not_go_into_the_data(data, out):
    result = check(data, "--out", out)
    assert result.exit_code == 2
    assert "--out: expected a folder outside" in result.output


def test_a_folder_without_layout_exits_2(tmp_path):
    result = check(tmp_path, "--out", tmp_path.parent / "out")
    assert result.exit_code == 2
    assert "expected a folder images/" in result.output


def test_help_names_statuses_and_files():
    result = check("--help")
    assert result.exit_code == 0
    assert "Exit status" in result.output and "overlays.png" in result.output


def save_dicom(root, stem, segment):
    """Three CT slices of one series and a segmentation of one segment on each."""
    pydicom = pytest.importorskip("pydicom")
    Dataset, Sequence = pydicom.dataset.Dataset, pydicom.sequence.Sequence

    def item(**values):
        made = Dataset()
        for name, value in values.items():
            setattr(made, name, value)
        return made

    def write(path, sop_class, **values):
        meta = pydicom.dataset.FileMetaDataset()
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = sop_class
        meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        made = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        for name, value in values.items():
            setattr(made, name, value)
        path.parent.mkdir(parents=True, exist_ok=True)
        made.save_as(path)

    drawn = np.zeros((3, SIDE, SIDE), np.uint8)
    drawn[:, 8:20, 6:22] = 1
    noise = np.random.default_rng(sum(map(ord, stem))).integers(0, 80, drawn.shape)
    stored = (1000 + noise + 90 * drawn).astype("<u2")
    along, common = [1, 0, 0, 0, 1, 0], {"Rows": SIDE, "Columns": SIDE, "SamplesPerPixel": 1}
    common["PhotometricInterpretation"], common["PixelRepresentation"] = "MONOCHROME2", 0
    for z in range(3):
        write(
            root / "images" / stem / f"{z}.dcm", "1.2.840.10008.5.1.4.1.1.2", **common, Modality="CT",
            SeriesInstanceUID=f"1.2.{sum(map(ord, stem))}", ImageOrientationPatient=along, BitsAllocated=16,
            ImagePositionPatient=[0, 0, 2.5 * z], PixelSpacing=[0.5, 0.75], BitsStored=16, HighBit=15,
            RescaleSlope=1, RescaleIntercept=-1024, PixelData=stored[z].tobytes(),
        )  # fmt: skip
    frames = [
        item(
            PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, 2.5 * z])]),
            SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=1)]),
        )
        for z in range(3)
    ]
    shared = item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=along)]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.5, 0.75])]),
    )
    bits = np.packbits(drawn.ravel(), bitorder="little").tobytes()
    write(
        root / "labels" / f"{stem}.dcm", "1.2.840.10008.5.1.4.1.1.66.4", **common, Modality="SEG", NumberOfFrames=3,
        SegmentationType="BINARY", BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=bits,
        SegmentSequence=Sequence([item(SegmentNumber=1, SegmentLabel=segment)]),
        SharedFunctionalGroupsSequence=Sequence([shared]), PerFrameFunctionalGroupsSequence=Sequence(frames),
    )  # fmt: skip


def test_dicom_series_with_segments_of_any_name(tmp_path):
    for stem in ("scan1", "scan2", "scan3"):
        save_dicom(tmp_path / "ct", stem, "hip implant")
    result = check(tmp_path / "ct", "--reader", "dicom", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "hip implant" in result.output and "ct: 9 cases" in result.output
    assert "0.5 x 0.75 mm per pixel" in result.output
    dataset = dicom.read(tmp_path / "ct", tmp_path / "out" / "dataset.yaml")
    assert dataset.spec.names == ("background", "hip implant")
    assert dataset.spec.names == dicom.read(tmp_path / "ct", classes=None).spec.names
    assert int(dataset.cases[0].read_label().sum()) == 12 * 16
    (tmp_path / "ct" / "labels" / "scan2.dcm").write_bytes(b"no DICOM")
    (tmp_path / "ct" / "images" / "scan3" / "1.dcm").write_bytes(b"no DICOM either")
    result = check(tmp_path / "ct", "--reader", "dicom", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "labels/scan2.dcm: expected" in result.output and "scan3/1.dcm: expected" in result.output


def test_colour_masks_are_listed_to_be_named(tmp_path):
    data = save_pairs(tmp_path / "masks", value=1)
    for path in (data / "labels").iterdir():
        colours = np.array([[0, 0, 0], [12, 200, 7]], np.uint8)
        Image.fromarray(colours[np.asarray(Image.open(path))]).save(path)
    result = check(data, "--out", tmp_path / "out")
    assert result.exit_code == 1 and "labels are colour masks of 2 colours" in result.output
    described = tmp_path / "out" / "dataset.yaml"
    assert '"colour 1": [12, 200, 7]' in described.read_text()
    described.write_text(described.read_text().replace("colour 1", "cyst"))
    result = check(data, "--dataset-yaml", described, "--out", tmp_path / "out")
    assert result.exit_code == 0 and "cyst" in result.output
    assert folder.read(data, described).spec.names == ("background", "cyst")
