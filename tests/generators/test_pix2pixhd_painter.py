"""The painter of label maps: from coarse to fine, with edges of instances, and continued where it stopped."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case, LabelSpec
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.generators.pix2pixhd_painter import PhotographPainter
from tf_ganaug.models.pix2pixhd import enhancer_variables
from tf_ganaug.papers.liu2019.settings import Settings
from tf_ganaug.run import RunFolder

pytestmark = pytest.mark.usefixtures("eager_file")

SPEC = LabelSpec.from_names({0: "road", 1: "car"})
COUNT = 6


def settings(**painter) -> SimpleNamespace:
    loaded = load_settings(Settings, configs_folder(), "liu2019", "smoke", [])
    small = {"batch": 2, "scales": 1, "epochs": 1, "decay_epochs": 1, "log_every": 1, "checkpoint_every": 2}
    return replace(loaded, painter=replace(loaded.painter, **{**small, **painter}))


def maps(height: int) -> tuple[np.ndarray, np.ndarray]:
    """Cars on a road, and their instances: two cars that touch."""
    labels = np.zeros((COUNT, height, 2 * height), np.uint8)
    labels[:, height // 2 :, height // 2 : height] = 1
    instances = labels.astype(np.int32)
    instances[:, :, 3 * height // 4 :] *= 2
    return labels, instances


def subset(folder: Path, name: str, height: int, chosen: Settings) -> Subset:
    labels, _ = maps(height)
    noise = np.random.default_rng(0).integers(0, 50, (*labels.shape, 3))
    images = (noise + 100 * labels[..., None]).astype(np.uint8)
    cases = tuple(Case(f"case{n}", f"case{n}", (1, 1), ("",), lambda: None, lambda: None) for n in range(COUNT))
    sized = SizedCases(images, labels, np.tile(np.float32([0, 255]), (COUNT, 1)), np.full((COUNT, 2), height), cases)
    provenance = Provenance("cars", True, (), (), "uint8", 0.0, 255.0, (1.0, 1.0))
    return Subset(folder, name, sized, np.arange(COUNT), SPEC, provenance, chosen)


def weights(network) -> list[np.ndarray]:
    return [weight.numpy() for weight in network.weights]


def test_an_enhancer_begins_with_the_coarse_networks_and_sees_instances(tmp_path):
    chosen = settings(enhancer=True, ngf=4, edges=True, enhancer_epochs=1, frozen_epochs=2)
    (_, half_instances), (labels, instances) = maps(8), maps(16)
    coarse = PhotographPainter(subset(tmp_path, "half", 8, chosen), instances=half_instances)
    painter = PhotographPainter(subset(tmp_path, "train", 16, chosen), coarse, instances)
    images = painter.paint(labels[:2], instances[:2])
    assert images.shape == (2, 16, 32, 3) and np.abs(images).max() <= 1
    assert (images != painter.paint(labels[:2], labels[:2].astype(np.int32))).any(), "edges between cars are seen"
    # Frozen throughout: the global part is still the coarse training's.
    learned = {id(variable) for variable in enhancer_variables(painter.trained.generator)}
    shared = [v for v in painter.trained.generator.trainable_variables if id(v) not in learned]
    first = coarse.trained.generator.trainable_variables
    assert len(shared) == len(first) - 2
    for mine, theirs in zip(shared, first):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    assert [training.name for training in painter.trainings(100)] == ["pix2pixhd-half", "pix2pixhd-train"]
    assert [training.iterations for training in painter.trainings(100)] == [100, 100]


@pytest.mark.long
def test_an_interrupted_painter_ends_like_an_uninterrupted_one(tmp_path, monkeypatch):
    chosen = settings()
    whole = PhotographPainter(subset(tmp_path / "whole", "train", 16, chosen)).trained
    say = RunFolder.say

    def stopped(self, line):
        if line.startswith("iteration 4/"):
            raise KeyboardInterrupt
        say(self, line)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "say", stopped)
        with pytest.raises(KeyboardInterrupt):
            PhotographPainter(subset(tmp_path / "parted", "train", 16, chosen)).trained  # noqa: B018
    resumed = PhotographPainter(subset(tmp_path / "parted", "train", 16, chosen)).trained
    assert "continues at iteration 2" in (tmp_path / "parted" / "pix2pixhd-train" / "log.txt").read_text()
    for one, other in zip(weights(whole.generator), weights(resumed.generator)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    again = PhotographPainter(subset(tmp_path / "parted", "train", 16, chosen)).trained
    for one, other in zip(weights(again.generator), weights(resumed.generator)):
        np.testing.assert_array_equal(one, other)
