"""Questions that make no sense end in one line, before anything is trained."""

from __future__ import annotations

import shutil

import pytest

from tests.commands.questions import asked, call
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.sources import Request
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.opening import Source, default_folder, open_question

pytestmark = pytest.mark.usefixtures("eager_file")


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
    first, second = study.splits[0].train[:2]  # another seed could part them
    shutil.copy(data / f"images/{first}a.png", data / f"images/{second}a.png")
    study, asked = open_question(Source(Request(data)), settings, tmp_path / "second")
    twins = " and ".join(f"{name}a" for name in sorted((first, second)))
    with pytest.raises(InputError, match=f"the same pixels in {twins}, of different subjects"), study.at_work(asked):
        pass


def test_names_are_offered(tmp_path):
    result = call("run", "--data", tmp_path, "--gan", "cyclegan")
    assert result.exit_code == 2 and "'cyclegan' is not one of 'wgan_gp', 'pggan_joint'" in result.output


def test_a_screen_that_keeps_nothing_says_so(colour, tmp_path):
    result = call(*asked(colour, tmp_path / "out", "wgan_gp", "unet", "zscore"))
    assert result.exit_code == 2 and "pairs that the screen zscore keeps, found none" in result.output


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


def test_dry_run_trains_nothing(colour, tmp_path):
    result = call(*asked(colour, tmp_path / "out", "wgan_gp", "unet"), "--dry-run")
    assert result.exit_code == 0 and "3 trainings to do" in result.output and not (tmp_path / "out").exists()
