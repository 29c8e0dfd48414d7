"""`run` and what goes with it on small real files: every GAN, every segmenter, every screen and mix."""

from __future__ import annotations

import json
import shutil

import nibabel
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from tf_ganaug.api import ask
from tf_ganaug.cli import main
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.sources import Request
from tf_ganaug.gans.synthesizer import find_synthesizer
from tf_ganaug.question import report as question_report
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.opening import Source, default_folder, open_question
from tf_ganaug.question.tasks import QuestionTask

pytestmark = pytest.mark.usefixtures("eager_file")

#: Each generator, segmenter and mix at least once: seven pairs, for there are seven segmenters; the quickest generator
#: for those left over. A z-score screen keeps none of an untrained GAN's maps.
PAIRS = [
    ("wgan_gp", "unet_neff", "none", "replace"),
    ("pggan_joint", "uresnet", "quality", "add"),
    ("wgan_gp", "deepmedic", "none", "pretrain"),
    ("pggan_spade", "unet_weighted_dice", "none", "add"),
    ("pix2pix", "fcn8s", "quality", "pretrain"),
    ("pix2pixhd", "pspnet", "none", "replace"),
    ("wgan_gp", "unet", "none", "add"),
]


def disc(rng, height, width):
    """A mask of a disc somewhere inside."""
    rows, columns = np.mgrid[:height, :width]
    radius = min(height, width) * rng.uniform(0.15, 0.3)
    centre = rng.uniform(radius, height - radius), rng.uniform(radius, width - radius)
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """Eight subjects with two colour PNGs each, 23 x 37 pixels, masks of 0 and 255."""
    root, rng = tmp_path_factory.mktemp("data") / "discs", np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for subject in range(8):
        for view in "ab":
            mask = disc(rng, 23, 37)
            pixels = np.clip(rng.normal(80, 9, (23, 37, 3)) + 90 * mask[..., None], 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(root / "images" / f"s{subject}{view}.png")
            Image.fromarray(np.uint8(255 * mask)).save(root / "labels" / f"s{subject}{view}.png")
    (root / "dataset.yaml").write_text("subject: (s\\d)\nclasses: {255: disc}\n")
    return root


@pytest.fixture(scope="module")
def masks(colour, tmp_path_factory):
    """The same pictures with masks of black and orange, as annotation programs save them."""
    root = tmp_path_factory.mktemp("data") / "masks"
    shutil.copytree(colour, root)
    for path in (root / "labels").iterdir():
        inside = np.asarray(Image.open(path)) > 0
        Image.fromarray(np.where(inside[..., None], (230, 120, 0), 0).astype(np.uint8)).save(path)
    (root / "dataset.yaml").write_text("subject: (s\\d)\ncolours: {disc: [230, 120, 0]}\n")
    return root


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


def call(*arguments):
    """The command's result; an exception that escapes it fails the test."""
    result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    return result


def asked(data, out, gan, segmenter, screen="none", mix="add"):
    options = {"data": data, "out": out, "gan": gan, "segmenter": segmenter, "screen": screen, "mix": mix}
    named = [part for name, value in options.items() for part in (f"--{name}", value)]
    return ["run", *named, "--profile", "smoke", "--repeats", 1, "--arms", "real,gan"]


@pytest.fixture(scope="module")
def answered(masks, tmp_path_factory):
    """A finished question of two fractions about colour masks, whose folder other commands take."""
    out = tmp_path_factory.mktemp("runs") / "asked"
    result = call("check-data", masks, "--out", out.with_name("checked"))
    assert result.exit_code == 0 and "fit for training" in result.output, result.output
    arguments = [*asked(masks, out, "pix2pix", "unet"), "--fractions", "0.5,1"]
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return out, arguments


@pytest.mark.parametrize(("gan", "segmenter", "screen", "mix"), PAIRS)
def test_every_generator_and_segmenter(colour, tmp_path, gan, segmenter, screen, mix):
    """An arm with generated pairs; those without have nothing to do with the generator."""
    chosen = {"gan": gan, "segmenter": segmenter, "screen": screen, "mix": mix}
    small = ["data.size=[16,16]"] if gan.startswith("pggan") else []  # a level less
    settings = settings_of("smoke", [*small, *(f"{name}={value}" for name, value in chosen.items())])
    study, asked = open_question(Source(Request(colour)), settings, tmp_path / "out")
    task = QuestionTask(1.0, "both" if segmenter in ("unet_neff", "pspnet") else "gan", 0, gan, 0)
    with study.at_work(asked):
        result = study.segmenter(task)
    # As many steps as show each real image as often as without generated pairs.
    assert result["iterations"] * result["real_share"] == pytest.approx(settings.training.iterations, abs=0.5)
    frame = study.measures(task)
    assert set(frame["class"]) == {"disc"} and frame.dice.between(0, 1).all()
    split = study.splits[0]
    assert set(frame[frame.part == "test"].subject) == set(split.test)
    metadata = json.loads(next((tmp_path / "out").glob("*/synthesizer/metadata.json")).read_text())
    assert set(metadata["subjects"]) == set(split.train)
    assert metadata["padded"] and study.pool(1.0).result["kept"] == len(study.made(1.0).rows)


def test_answer_comes_first_and_a_second_call_trains_nothing(answered):
    out, arguments = answered
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")}
    html = (out / "report.html").read_text()
    assert html.index("The data cannot tell whether this generator") < html.index("<img") < html.index("<h2")
    assert "Every arm was shown each real image" in html and "(profile smoke)" in html
    assert call(*arguments).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")} == before
    assert len(before) == 2 * (1 + 1 + 2)  # of each fraction a GAN, a pool and two segmenters
    assert call("report", out).exit_code == 0


def test_the_same_pixels_on_two_sides_are_refused_whatever_they_are_called(colour, tmp_path):
    data = tmp_path / "data [1]"
    shutil.copytree(colour, data)
    out = default_folder(data)
    assert str(out) == "runs/question-data _1_"
    settings = settings_of("smoke", ["gan=wgan_gp"])
    with pytest.raises(InputError, match=r"a path without \* \? \[ \]"):
        open_question(Source(Request(data)), settings, tmp_path / "out [1]")
    study, asked = open_question(Source(Request(data)), settings, tmp_path / "first")
    with study.at_work(asked):
        pass
    split = study.splits[0]
    shutil.copy(data / f"images/{split.train[0]}a.png", data / f"images/{split.test[0]}a.png")
    study, asked = open_question(Source(Request(data)), settings, tmp_path / "second")
    twins = rf"the same pixels in {split.train[0]}a \(train\) and {split.test[0]}a \(test\)"
    with pytest.raises(InputError, match=twins), study.at_work(asked):
        pass


def test_images_without_a_class_are_told(colour, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(colour, data)
    changes = ["gan=wgan_gp", "repeats=1", "arms=[real,ordinary]"]
    study, _ = open_question(Source(Request(data)), settings_of("smoke", changes), tmp_path / "first")
    split = study.splits[0]
    Image.new("L", (37, 23)).save(data / f"labels/{split.test[0]}b.png")
    study, asked = open_question(Source(Request(data)), study.settings, tmp_path / "second")
    report = question_report.conduct(study, asked).with_name("report.md").read_text()
    assert "the profile smoke tests the program" in report and "Image false alarms (%)" in report
    assert "whether ordinary augmentation helps" in report.split("\n## ")[0]
    frame = pd.read_csv(tmp_path / "second/subjects.csv").set_index("subject")
    assert frame.image_false_alarms[split.test[0]].isin([0, 1]).all()
    assert frame.image_false_alarms.drop(split.test[0]).isna().all() and frame.dice.notna().all()
    # Without generated pairs no generator is trained.
    assert {path.parent.name for path in (tmp_path / "second").glob("*/result.json")} == {
        "unet-1-real-repeat0",
        "unet-1-ordinary-repeat0",
    }


def test_names_are_offered(tmp_path):
    result = call("run", "--data", tmp_path, "--gan", "cyclegan")
    assert result.exit_code == 2 and "'cyclegan' is not one of 'wgan_gp', 'pggan_joint'" in result.output


def test_fractions_are_nested_and_generators_see_no_more(answered):
    out, _ = answered
    subjects = {
        share: set(json.loads((out / f"pix2pix-{share}/synthesizer/metadata.json").read_text())["subjects"])
        for share in ("0.5", "1")
    }
    assert subjects["0.5"] < subjects["1"]


def test_volumes_of_odd_sizes_through_python(volumes, tmp_path):
    found = ask(volumes, out=tmp_path / "out", profile="smoke", gan="wgan_gp", repeats=1, arms="[real,gan]")
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
    done = call(*asked(series, tmp_path / "out", "wgan_gp", "unet"), "--reader", "dicom")
    assert done.exit_code == 0 and "14 images of 5 subjects" in (tmp_path / "out/report.md").read_text(), done.output
    parts = json.loads((tmp_path / "out/splits.json").read_text())[0]
    tested = {subject for part in parts.values() for subject in part}
    assert tested == {"scan0", "scan3", "scan4", "scan5", "scan6"}


def test_pairs_are_drawn_screened_trained_on_and_evaluated(answered, masks, tmp_path):
    out, _ = answered
    assert call("sample", out / "pix2pix-1", "-n", 12, "--out", tmp_path / "pairs").exit_code == 0
    for by in ("quality", "zscore"):
        result = call("screen", tmp_path / "pairs", "--run", out, "--by", by, "--out", tmp_path / by)
        assert result.exit_code == 0, result.output
        table = pd.read_csv(tmp_path / by / "screen.csv")
        assert len(table) == 12 and 1 <= table.kept.sum() <= 6
        assert len(list((tmp_path / by / "images").iterdir())) == table.kept.sum()
    options = ["--profile", "smoke", "--repeats", 1, "--segmenter", "unet"]
    run = tmp_path / "segmenter"
    result = call("train-segmenter", "--data", masks, "--synthetic", tmp_path / "quality", "--out", run, *options)
    assert result.exit_code == 0, result.output
    result = call("evaluate", run, "--data", masks, "--csv", tmp_path / "all.csv")
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(tmp_path / "all.csv")) == 16
    split = json.loads((run / "splits.json").read_text())[0]
    seen = 2 * (len(split["train"]) + len(split["validation"]))
    assert f"{seen} of 16 images trained or validated these segmenters" in result.output
    for command, wrong in (("report", run), ("sample", out)):
        options = ["-n", 1, "--out", tmp_path / "none"] if command == "sample" else []
        result = call(command, wrong, *options)
        assert result.exit_code == 2
        assert (
            "arms to compare" if command == "report" else "found a folder of pix2pix-0.5, pix2pix-1"
        ) in result.output


def test_pairs_of_a_generator_that_saw_the_test_subjects_are_refused(answered, masks, tmp_path):
    out, _ = answered
    assert call("sample", out / "pix2pix-1", "-n", 2, "--out", tmp_path / "pairs").exit_code == 0
    options = ["--profile", "smoke", "--seed", 5, "--out", tmp_path / "run"]  # other subjects are tested
    result = call("train-segmenter", "--data", masks, "--synthetic", tmp_path / "pairs", *options)
    assert result.exit_code == 2 and "has not seen" in result.output and not (tmp_path / "run").exists()


def test_a_renamed_folder_and_pairs_of_unknown_origin_are_caught(answered, colour, tmp_path):
    out, _ = answered
    assert call("sample", out / "pix2pix-1", "-n", 2, "--out", tmp_path / "pairs").exit_code == 0
    data = tmp_path / "other"
    (data / "images").mkdir(parents=True)
    (data / "labels").mkdir()
    for path in colour.glob("*/*.png"):
        shutil.copy(path, data / path.parent.name / f"p{9 - int(path.name[1])}{path.name[2:]}")
    (data / "dataset.yaml").write_text("subject: (p\\d)\nclasses: {255: disc}\n")
    options = ["--profile", "smoke", "--repeats", 1, "--synthetic", tmp_path / "pairs", "--out", tmp_path / "run"]
    result = call("train-segmenter", "--data", data, *options)
    assert result.exit_code == 2 and "none of the images that validate and test" in result.output, result.output
    (tmp_path / "pairs/provenance.json").unlink()
    result = call("train-segmenter", "--data", data, *options)
    assert result.exit_code == 0 and "pairs has no provenance.json" in result.output


def test_slices_of_one_person_as_subjects_are_told(colour, tmp_path):
    data = tmp_path / "slices"
    for part in ("images", "labels"):
        (data / part).mkdir(parents=True)
        for path in (colour / part).glob("*.png"):
            shutil.copy(path, data / part / f"{path.stem[:2]}_{'ab'.index(path.stem[2])}.png")

    def notes(yaml, **options):
        (data / "dataset.yaml").write_text(f"{yaml}classes: {{255: disc}}\n")
        study, _ = open_question(Source(Request(data), **options), settings_of("smoke", []), tmp_path / "out")
        assert set(study.notes) <= set(question_report.parts_lines(study))
        return study.notes

    (told,) = notes("")
    assert told.startswith("WARNING: 16 files may be of 8 subjects") and "--subjects-are-files" in told
    assert notes("", subjects_are_files=True) == notes("subject: (s\\d)\n") == []


def test_label_maps_of_another_folder_are_painted(colour, tmp_path):
    (tmp_path / "maps").mkdir()
    Image.fromarray(np.uint8(255 * np.eye(64))).save(tmp_path / "maps/diagonal.png")
    options = ["--gan", "pix2pix", "--profile", "smoke", "--out", tmp_path / "out"]
    result = call("train-gan", "--data", colour, "--labels", tmp_path / "maps", *options)
    assert result.exit_code == 0, result.output
    _, labels = find_synthesizer(tmp_path / "out/pix2pix-1").sample(3, seed=0)
    np.testing.assert_array_equal(labels, np.stack([np.eye(32)] * 3))


def test_a_screen_that_keeps_nothing_says_so(colour, tmp_path):
    result = call(*asked(colour, tmp_path / "out", "wgan_gp", "unet", "zscore"))
    assert result.exit_code == 2 and "pairs that the screen zscore keeps, found none" in result.output


def test_one_gan_alone(colour, tmp_path):
    arguments = ["train-gan", "--data", colour, "--gan", "wgan_gp", "--profile", "smoke", "--out", tmp_path / "out"]
    result = call(*arguments)
    assert result.exit_code == 0 and f"GAN: {tmp_path / 'out/gan-1'}" in result.output, result.output
    assert (tmp_path / "out/gan-1/synthesizer/metadata.json").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--set", "gan=cyclegan"], "some of wgan_gp"),
        (["--arms", "real,mixup"], "some of real, ordinary, gan, both"),
        (["--arms", "real,both"], "real,gan or ordinary,both or real,ordinary among them"),
        (["--gans", "3"], "1 to 2, the number of repeats"),
        (["--set", "segmenter=nnunet"], "one of unet_neff"),
        (["--size", "48", "--gan", "wgan_gp"], "powers of two"),
        (["--size", "48", "--gan", "pix2pix", "--segmenter", "fcn8s"], "multiples of 32"),
        (["--size", "small"], "height x width"),
        (["--gan", "pix2pix", "--screen", "zscore"], "label maps are real ones"),
        (["--gan", "wgan_gp", "--labels", "."], "draws its own label maps"),
        (["--segmenter", "pspnet", "--set", "training.batch=2"], "at least 4"),
        (["--fractions", "0,1"], "above 0"),
        (["--fractions", "2"], "at most 1"),
        (["--set", "pool.amount=0"], "above 0"),
        (["--reader", "zip"], "one of folder"),
        (["--set", "unet.depth=3"], "known setting"),
        (["--set", "training.batch=0"], "--set training.batch: expected at least 1"),
        (["--set", "width.deepmedic=[2,0]"], "--set width.deepmedic: expected at least 1"),
        (["--set", "folds=5"], "parted once"),
        (["--size", "16x32", "--gan", "pggan_spade"], "equal sides"),
    ],
)
def test_what_makes_no_sense_is_refused(colour, tmp_path, options, named):
    result = call("run", "--data", colour, "--profile", "smoke", "--out", tmp_path / "out", *options)
    assert result.exit_code == 2 and named in result.output and result.output.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_two_subjects_cannot_be_asked_about(colour, tmp_path):
    (tmp_path / "two.yaml").write_text("subject: (s)\nclasses: {255: disc}\n")
    options = ["--dataset-yaml", tmp_path / "two.yaml", "--profile", "smoke", "--out", tmp_path / "out"]
    result = call("run", "--data", colour, *options)
    assert result.exit_code == 2 and "a subject to train, validate and test each" in result.output


def test_kinds_are_ranked_on_top_of_ordinary_augmentation(colour, tmp_path):
    out = tmp_path / "out"
    options = ["--profile", "smoke", "--repeats", 1, "--arms", "ordinary,both", "--out", out]
    result = call("run", "--data", colour, "--gan", "wgan_gp,pix2pix", *options)
    assert result.exit_code == 0, result.output
    assert {path.parent.name for path in out.glob("*/synthesizer")} == {"gan-1-wgan_gp", "pix2pix-1-pix2pix"}
    frame = pd.read_csv(out / "cases.csv", keep_default_na=False)
    expected = {("ordinary", "", -1), ("both", "wgan_gp", 0), ("both", "pix2pix", 0)}
    assert set(zip(frame.arm, frame.kind, frame.gan)) == expected
    table = pd.read_csv(out / "tables/answer.csv")
    assert set(table.Kind) == {"wgan_gp", "pix2pix"} and (table.Minutes > 0).all()
    report = (out / "report.md").read_text()
    assert f"Of 2 kinds, {table.Kind[0]} did best" in report and "mirrored in half of all draws" in report


def test_repeats_take_several_generators_by_turns(colour, tmp_path):
    (tmp_path / "sided.yaml").write_text("subject: (s\\d)\nclasses: {255: left lung}\n")
    request = Request(colour, dataset_yaml=tmp_path / "sided.yaml")
    settings = settings_of("smoke", ["gan=pix2pix", "repeats=3", "gans=2", "arms=[real,both]"])
    study, _ = open_question(Source(request), settings, tmp_path / "out")
    tasks = {(task.arm, task.repeat): task.gan for task in study.tasks}
    assert tasks == {("real", r): -1 for r in range(3)} | {("both", 0): 0, ("both", 1): 1, ("both", 2): 0}
    assert [study.generator(1.0, *pair).path.name for pair in study.generators] == ["pix2pix-1", "pix2pix-1-gan2"]
    assert len({study.subset(1.0, *pair).settings.seed for pair in study.generators}) == 2
    own = settings_of("smoke", ["repeats=3", "gans=null"])
    assert len(open_question(Source(request), own, tmp_path / "own")[0].generators) == 3
    # Left and right differ: neither the segmenters nor the generator are shown mirrored images.
    assert settings.augmentation.flip and not study.ordinary.flip
    assert settings.pix2pix.jitter and not study.subset(1.0).settings.pix2pix.jitter


def test_dry_run_trains_nothing(colour, tmp_path):
    result = call(*asked(colour, tmp_path / "out", "wgan_gp", "unet"), "--dry-run")
    assert result.exit_code == 0 and "3 trainings to do" in result.output and not (tmp_path / "out").exists()
