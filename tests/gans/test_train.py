"""The GAN's training loop in its run folder."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case, LabelSpec
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pipeline import real_batches
from tf_ganaug.errors import InputError
from tf_ganaug.gans.joint import JointLayout
from tf_ganaug.gans.previews import pair_previews, show_reals
from tf_ganaug.gans.train import Schedule, train_gan
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan
from tf_ganaug.run import RunFolder, read_metrics

SPEC = LabelSpec.from_names({0: "background", 1: "lung"})


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    cases = tuple(Case(str(n), str(n), (1.0, 1.0), (str(n),), lambda: None, lambda: None) for n in range(4))
    images = rng.integers(0, 255, (4, 8, 8, 1), np.uint8)
    ranges = np.tile(np.float32([0, 255]), (4, 1))
    labels = (images[..., 0] > 99).astype(np.uint8)
    return Pairs.of(SizedCases(images, labels, ranges, np.full((4, 2), 8), cases), cases)


def gan(learning_rate: float) -> WganGp:
    generator, critic = dcgan.generator(8, 8, 2, dim=2, latent_size=4), dcgan.critic(8, 8, 2, dim=2)
    return WganGp(generator, critic, 4, learning_rate, 0.5, 0.9, 10.0, seed=1)


def train(run, gan, pairs, schedule):
    layout = JointLayout.of(SPEC)
    show_reals(run, pairs, SPEC)
    look = pair_previews(run, SPEC, lambda: layout.separate(gan.generator(gan.latents(4, 0, 3), training=True)))

    reals = real_batches(pairs, 4, 1).map(layout.join)

    return train_gan(run, gan.parts(), lambda start: gan.iterations(reals, 2, start), look, schedule)


def test_losses_that_are_not_finite_stop_it_with_what_to_try(tmp_path, pairs):
    run = RunFolder(tmp_path, {})
    with pytest.raises(InputError, match=r"not finite before iteration 2.*learning rate"):
        train(run, gan(1e30), pairs, Schedule.regular(4, 2, 2, 1000))
    assert not run.finished
    assert not list((tmp_path / "checkpoints").glob("*")), "nothing broken may be continued from"


def test_previews_and_records_come_as_scheduled(tmp_path, pairs):
    train(RunFolder(tmp_path, {}), gan(1e-3), pairs, Schedule.regular(5, 2, 3, 2))
    assert [record["step"] for record in read_metrics(tmp_path)] == [2, 4, 5]
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "reals.png",
        "fakes_init.png",
        "fakes_000003.png",
        "fakes_000005.png",
    }
    with Image.open(tmp_path / "fakes_000005.png") as first, Image.open(tmp_path / "fakes_init.png") as last:
        assert first.size == last.size and first.tobytes() != last.tobytes()
    names = {"wasserstein", "penalty", "gradient_norm", "scores_real", "scores_fake", "generator_loss"}
    assert names <= read_metrics(tmp_path)[0].keys()


def test_an_interrupted_training_continues_exactly(tmp_path, pairs):
    whole, parted, second = gan(1e-3), gan(1e-3), gan(9.0)  # everything of the third comes from the checkpoint
    for one, two in ((parted, whole), (second, whole)):
        one.generator.set_weights(two.generator.get_weights())
        one.critic.set_weights(two.critic.get_weights())
    train(RunFolder(tmp_path / "whole", {}), whole, pairs, Schedule.regular(6, 2, 9, 2))
    train(RunFolder(tmp_path / "parted", {}), parted, pairs, Schedule.regular(4, 2, 9, 2))
    train(RunFolder(tmp_path / "parted", {}), second, pairs, Schedule.regular(6, 2, 9, 2))
    for one, two in zip(whole.generator.get_weights(), second.generator.get_weights()):
        np.testing.assert_array_equal(one, two)
    assert [r["wasserstein"] for r in read_metrics(tmp_path / "parted")] == [
        r["wasserstein"] for r in read_metrics(tmp_path / "whole")
    ]
