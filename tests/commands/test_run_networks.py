"""Every GAN, every segmenter, every screen and mix of `run` and `train-gan`, on small pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.commands.questions import call
from tf_ganaug.experiment.sources import Request
from tf_ganaug.gans.synthesizer import find_synthesizer
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.opening import Source, open_question
from tf_ganaug.question.tasks import QuestionTask

pytestmark = pytest.mark.usefixtures("eager_file")

#: Each generator, segmenter and mix at least once: seven pairs, for there are seven segmenters; the quickest generator
#: for those left over. A z-score screen keeps none of an untrained GAN's maps. All five generators are
#: trained in the tests of the critic's augmentation, and questions that add and replace are asked in other files.
PAIRS = [
    ("wgan_gp", "unet_neff", "none", "replace"),
    ("wgan_gp", "deepmedic", "none", "pretrain"),
    ("pggan_joint", "uresnet", "quality", "add"),
    ("pggan_spade", "unet_weighted_dice", "none", "add"),
    ("pix2pix", "fcn8s", "quality", "pretrain"),
    ("pix2pixhd", "pspnet", "none", "replace"),
    ("wgan_gp", "unet", "none", "add"),
]


@pytest.mark.long
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


@pytest.mark.long
def test_label_maps_of_another_folder_are_painted(colour, tmp_path):
    (tmp_path / "maps").mkdir()
    Image.fromarray(np.uint8(255 * np.eye(64))).save(tmp_path / "maps/diagonal.png")
    options = ["--gan", "pix2pix", "--profile", "smoke", "--out", tmp_path / "out"]
    result = call("train-gan", "--data", colour, "--labels", tmp_path / "maps", *options)
    assert result.exit_code == 0, result.output
    _, labels = find_synthesizer(tmp_path / "out/pix2pix-1").sample(3, seed=0)
    np.testing.assert_array_equal(labels, np.stack([np.eye(32)] * 3))


def test_one_gan_alone(colour, tmp_path):
    arguments = ["train-gan", "--data", colour, "--gan", "wgan_gp", "--profile", "smoke", "--out", tmp_path / "out"]
    result = call(*arguments)
    assert result.exit_code == 0 and f"GAN: {tmp_path / 'out/gan-1'}" in result.output, result.output
    assert (tmp_path / "out/gan-1/synthesizer/metadata.json").exists()
