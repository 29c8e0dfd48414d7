"""`run` and what goes with it, from a question to pairs that are drawn, screened and trained on."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import tf_ganaug
from tests.commands.questions import asked, call
from tf_ganaug.experiment.sources import Request
from tf_ganaug.question import report as question_report
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.opening import Source, open_question

pytestmark = pytest.mark.usefixtures("eager_file")


@pytest.fixture(scope="module")
def answered(masks, tmp_path_factory):
    """A finished question about colour masks, whose folder other commands take."""
    out = tmp_path_factory.mktemp("runs") / "asked"
    result = call("check-data", masks, "--out", out.with_name("checked"))
    assert result.exit_code == 0 and "fit for training" in result.output, result.output
    arguments = asked(masks, out, "pix2pix", "unet")
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return out, arguments


def test_answer_comes_first_and_a_second_call_trains_nothing(answered):
    out, arguments = answered
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")}
    html = (out / "report.html").read_text()
    assert html.index("The data cannot tell whether this generator") < html.index("<img") < html.index("<h2")
    assert "Every arm was shown each real image" in html and "(profile smoke)" in html
    assert call(*arguments).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")} == before
    assert len(before) == 1 + 1 + 2  # a GAN, a pool and two segmenters


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


@pytest.mark.long
def test_fractions_are_nested_and_generators_see_no_more(masks, tmp_path):
    out = tmp_path / "out"
    done = call(*asked(masks, out, "pix2pix", "unet"), "--fractions", "0.5,1")
    assert done.exit_code == 0, done.output
    assert len(list(out.glob("*/result.json"))) == 2 * (1 + 1 + 2)
    done = call("sample", out, "-n", 1, "--out", tmp_path / "none")
    assert done.exit_code == 2 and "found a folder of pix2pix-0.5, pix2pix-1" in done.output
    subjects = {
        share: set(json.loads((out / f"pix2pix-{share}/synthesizer/metadata.json").read_text())["subjects"])
        for share in ("0.5", "1")
    }
    assert subjects["0.5"] < subjects["1"]


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
    result = call("report", run)
    assert result.exit_code == 2 and "arms to compare" in result.output


def unfolded(path):
    """A file's bytes, and what is compressed in it."""
    stored = path.read_bytes()
    return stored + (gzip.decompress(stored) if path.suffix == ".gz" else b"")


def test_what_is_passed_on_does_not_say_where_anything_lay(answered, masks, tmp_path_factory, tmp_path):
    """Paths name users and patients; options.json alone has them, since other commands find the data by it."""
    out, _ = answered
    for kind in ("savedmodel", "weights"):
        assert call("export", out / "pix2pix-1", tmp_path / kind, "--format", kind).exit_code == 0
    for layout in ("pairs", "nifti"):
        named = ["--layout", layout, "--out", tmp_path / layout]
        assert call("sample", out / "pix2pix-1", "-n", 2, *named).exit_code == 0
    places = [tmp_path_factory.getbasetemp(), Path.home(), Path(tf_ganaug.__file__).parents[1]]
    files = [path for place in (tmp_path, out, out.with_name("checked")) for path in place.rglob("*")]
    telling = {
        path.name for path in files if path.is_file() and any(str(place).encode() in unfolded(path) for place in places)
    }
    assert len(files) > 100 and telling == {"options.json"}


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


@pytest.mark.long
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
    assert f"Of 2 kinds of generator, {table.Kind[0]} did best" in report and "mirrored in half of all draws" in report


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
    assert not study.subset(1.0).mirrored
