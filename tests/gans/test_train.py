"""The GAN's training loop in its run folder."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case, LabelSpec
from tf_ganaug.data.pipeline import RealPairs
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.run import RunFolder, read_metrics
from tf_ganaug.gans.train import Schedule, train_wgan_gp
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan

SPEC = LabelSpec.from_names({0: "background", 1: "lung"})


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    cases = tuple(Case(str(n), str(n), (1.0, 1.0), (str(n),), lambda: None, lambda: None) for n in range(4))
    images = rng.integers(0, 255, (4, 8, 8, 1), np.uint8)
    ranges = np.tile(np.float32([0, 255]), (4, 1))
    return RealPairs(SizedCases(images, (images[..., 0] > 99).astype(np.uint8), ranges, cases), cases)


def gan(learning_rate: float) -> WganGp:
    generator, critic = dcgan.generator(8, 8, 2, dim=2, latent_size=4), dcgan.critic(8, 8, 2, dim=2)
    return WganGp(generator, critic, 4, learning_rate, 0.5, 0.9, 10.0, seed=1)


def test_losses_that_are_not_finite_stop_it_with_what_to_try(tmp_path, pairs):
    run = RunFolder(tmp_path, {})
    with pytest.raises(InputError, match=r"not finite before iteration 2.*gan\.learning_rate"):
        train_wgan_gp(run, gan(1e30), pairs, SPEC, 4, Schedule(4, 2, 2, 2, 1000))
    assert not run.finished
    assert not list((tmp_path / "checkpoints").glob("*")), "nothing broken may be continued from"


def test_previews_and_records_come_as_scheduled(tmp_path, pairs):
    train_wgan_gp(RunFolder(tmp_path, {}), gan(1e-3), pairs, SPEC, 4, Schedule(5, 2, 2, 3, 2))
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
