"""Fractions of the data, names of runs, and what segmenters are trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.csf import THREE
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.papers.bowles2018.networks import NETWORKS, new_segmenter
from tf_ganaug.papers.bowles2018.settings import Settings
from tf_ganaug.papers.bowles2018.study import PatchStudy
from tf_ganaug.papers.bowles2018.tasks import Fraction, PatchTask
from tf_ganaug.segment.deepmedic import falling_rate

SETTINGS = load_settings(Settings, configs_folder(), "bowles2018", "smoke", [])
RNG = np.random.default_rng(0)


def case(subject: int, number: int) -> Case:
    name = f"{subject:03d}"
    image = RNG.integers(0, 256, (40, 40, 1)).astype(np.uint8)
    label = (image[..., 0] // 64).astype(np.uint8)
    return Case(f"{name}-{number}", name, (0.5, 0.5), (f"{name}-{number}",), lambda: image, lambda: label)


def study(place: Path, subjects: int, slices: int = 1, **changes) -> PatchStudy:
    cases = tuple(case(subject, number) for subject in range(subjects) for number in range(slices))
    return PatchStudy(place, Dataset("test", cases, THREE, 1), replace(SETTINGS, **changes))


def test_slices_of_other_proportions_keep_theirs_in_one_frame(tmp_path):
    def disc(number: int, height: int, width: int) -> Case:
        rows, columns = np.ogrid[:height, :width]
        label = ((rows - height / 2) ** 2 + (columns - width / 2) ** 2 < 12**2).astype(np.uint8)
        image = (200 * label[..., None] + 20).astype(np.uint8)
        return Case(f"{number}-0", str(number), (1.0, 1.0), (f"{number}",), lambda: image, lambda: label)

    cases = tuple(disc(number, *shape) for number, shape in enumerate([(40, 40), (30, 60), (60, 30)]))
    sized = PatchStudy(tmp_path, Dataset("discs", cases, THREE, 1), SETTINGS).sized
    assert sized.padded and sized.labels.shape == (3, 40, 40)
    for label in sized.labels:
        rows, columns = (np.flatnonzero((label == 1).any(axis)) for axis in (1, 0))
        assert abs(len(rows) - len(columns)) <= 1


def names(cases) -> list[str]:
    return [one.id for one in cases]


def test_parts_are_thirds_of_147_stacks(tmp_path):
    data = replace(SETTINGS.data, parts=[0.333334, 0.333333, 0.333333])
    split = study(tmp_path, 147, data=data).splits[0]
    assert [len(part) for part in (split.train, split.validation, split.test)] == [49, 49, 49]


def test_fractions_are_nested_and_rounded_up(tmp_path):
    # 98 subjects, of which 49 train: 49, 25 and 5 stacks, as the paper's Figure 3 has 50, 25 and 5.
    made = study(tmp_path, 98, 2)
    found = {share: names(made.training_cases(Fraction(share, True))) for share in (100, 50, 10)}
    assert [len(found[share]) for share in (100, 50, 10)] == [98, 50, 10]
    assert set(found[10]) < set(found[50]) < set(found[100])
    assert {one.subject for one in made.training_cases(Fraction(100, True))} == set(made.splits[0].train)
    assert names(made.training_cases(Fraction(50, False))) == found[50]
    assert names(made.training_cases(Fraction(50, True, draw=1))) != found[50]


def test_fractions_of_slices_part_subjects(tmp_path):
    made = study(tmp_path, 12, 5, fraction_unit="slice")
    cases = made.training_cases(Fraction(50, True))
    assert len(cases) == 15 and len({one.subject for one in cases}) > 3


def test_a_fraction_of_nothing(tmp_path):
    made = study(tmp_path, 8)
    made.splits[:] = [replace(made.splits[0], train=())]
    with pytest.raises(InputError, match="none of 0 subjects"):
        made.training_cases(Fraction(10, True))
    with pytest.raises(InputError, match="a subject to train, validate and test"):
        study(tmp_path, 2).splits  # noqa: B018


def test_gan_and_segmenters_share_their_patches(tmp_path):
    made = study(tmp_path, 8, 2)
    fraction = Fraction(50, True)
    expected = made.patches(fraction).take(np.arange(64))
    for patches in (made.gan(fraction).pairs, made.pairs_of(PatchTask("UNet", fraction, 0, 1))):
        assert patches.count == 64
        for one, other in zip(patches.take(np.arange(64)), expected):
            np.testing.assert_array_equal(one, other)
    real = made.gan(fraction).reals(tf.constant(0, tf.int64), 4)
    assert real.shape == (4, 32, 32, 4)
    straight = made.patches(Fraction(50, False)).take(np.arange(64))[0]
    assert (straight != expected[0]).numpy().any()


def test_deepmedics_own_sampling_is_a_setting_and_off(tmp_path):
    def on_lesions(**changes) -> float:
        made = study(tmp_path / str(len(changes)), 8, patches=replace(SETTINGS.patches, **changes))
        for one in made.dataset.cases:  # a lesion of a pixel
            one.read_label()[...] = 0
            one.read_label()[20, 9] = 1
        return (made.patches(Fraction(50, False)).take(np.arange(64))[1].numpy() > 0).any((1, 2)).mean()

    # A patch of 5 x 5 of 40 x 40 rarely has it.
    assert SETTINGS.patches.on_classes == 0 and on_lesions(size=5) < 0.3
    assert on_lesions(size=5, on_classes=0.5) >= 0.5


def test_runs_are_made_by_their_names(tmp_path):
    made, asked = study(tmp_path, 8), []
    made.segmenter = asked.append
    made.gan = lambda fraction: asked.append(fraction) or made
    tasks = [
        PatchTask("UResNet", Fraction(30, True), 12.5, 7),
        PatchTask("DeepMedic", Fraction(100, False, 3), 0, 0),
    ]
    for task in tasks:
        made.make(task.name)
    assert asked == tasks
    assert tasks[0].name == "UResNet-rotated-30-draw0-added12.5-repeat7"
    with pytest.raises(ValueError, match="no run"):
        made.make("UNet-30")


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "network", [pytest.param(name, marks=pytest.mark.long) if name != "UNet" else name for name in NETWORKS]
)
def test_networks_learn_from_patches_and_validate_on_whole_slices(network):
    segmenter = new_segmenter(SETTINGS, network, THREE, 1, repeat=0, iterations=4)
    again = new_segmenter(SETTINGS, network, THREE, 1, repeat=0, iterations=4)
    for one, other in zip(segmenter.model.get_weights(), again.model.get_weights()):
        np.testing.assert_array_equal(one, other)
    images = tf.constant(RNG.uniform(-1, 1, (4, 32, 32, 1)), tf.float32)
    labels = tf.constant(RNG.integers(0, 4, (4, 32, 32)), tf.uint8)
    before = float(segmenter.train_step(images, labels))
    for _ in range(3):
        after = float(segmenter.train_step(images, labels))
    assert np.isfinite([before, after]).all() and before != after
    segmenter.carry_over()
    whole = segmenter.whole(tf.zeros((1, 40, 40, 1)))
    assert whole.shape == (1, 40, 40, 4)
    for one, other in zip(segmenter.whole.get_weights(), segmenter.model.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_a_longer_deepmedic_halves_its_rate_as_much_later(monkeypatch):
    rates = []

    def noted(rate, halvings):
        rates.append((rate, halvings))
        return falling_rate(rate, halvings)

    monkeypatch.setattr("tf_ganaug.papers.bowles2018.networks.falling_rate", noted)
    s = replace(SETTINGS.deepmedic, iterations=700, halvings=[350, 450, 550])
    new_segmenter(replace(SETTINGS, deepmedic=s), "DeepMedic", THREE, 1, repeat=0, iterations=1400)
    assert rates == [(s.learning_rate, [700, 900, 1100])]
