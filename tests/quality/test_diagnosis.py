"""A collapsed, a memorising and an undertrained generator, and held-out pairs, are each said to be what they are."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_ganaug.data.cache import sized_cases
from tf_ganaug.data.embedded import chest
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.errors import InputError
from tf_ganaug.experiment import diagnosed
from tf_ganaug.gans.critic_changes import NUMBERS, changed
from tf_ganaug.gans.joint import JointLayout
from tf_ganaug.models import dcgan
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.quality.diagnosis import (
    CLOSE,
    COLLAPSED,
    EXTREMES,
    MEMORISING,
    UNDERTRAINED,
    Diagnosis,
    Judge,
    Sets,
    diagnose,
)
from tf_ganaug.quality.features import deepest, features, unlearned

SIDE, PERSONS = 32, 120


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Drawn radiographs at the network's size."""
    return sized_cases(chest.read(PERSONS, SIDE, 5), SIDE, SIDE, (0.5, 99.5), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def spec():
    return chest.read(1, SIDE, 5).spec


@pytest.fixture(scope="module")
def diagnosis_of(cohort, spec):
    """From pairs in [-1, 1] with their labels to a diagnosis."""
    names = np.array([case.subject for case in cohort.cases])
    judge = Judge("a network that learned nothing", unlearned(1))

    def real(rows):
        return Part(cohort.images, cohort.labels, rows, cohort.ranges[rows])

    train, reference, held = np.split(np.arange(90), [30, 60])

    def diagnosed_as(images, labels):
        stored = np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype(np.uint8)
        ends = np.repeat(np.float32([[0, 255]]), len(stored), 0)
        made = Part(stored, np.asarray(labels), np.arange(len(stored)), ends)
        sets = Sets(made, *map(real, (train, reference, held)), names[train], names[held], spec)
        return diagnose(sets, judge, 0, swd_images=8)

    return diagnosed_as


@pytest.fixture(scope="module")
def pairs(cohort):
    """From rows of the cohort to images in [-1, 1] and labels."""

    def taken(rows):
        part = Part(cohort.images, cohort.labels, np.asarray(rows), cohort.ranges[rows])
        return tuple(tensor.numpy() for tensor in Pairs([part]).take(np.arange(len(rows))))

    return taken


@pytest.fixture(scope="module")
def of_held_out(diagnosis_of, pairs):
    """What is said of real pairs of other persons, as if a generator had made them."""
    return diagnosis_of(*pairs(np.arange(90, 120)))


def test_held_out_pairs_are_as_close_as_held_out_pairs(of_held_out):
    found, seen = of_held_out
    assert found.words == (CLOSE,), diagnosed.sentence(found)
    assert found.copies == 0 and found.values["coverage"].generated > 0.5
    assert seen.generated.sizes.shape == (30, 5) and seen.held.sizes.shape == (30, 5)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_latents_that_are_ignored(diagnosis_of, pairs, noise):
    """One person again and again, with a little noise or none."""
    images, labels = pairs(np.full(60, 100))
    found, *_ = diagnosis_of(images + np.random.default_rng(0).normal(0, noise, images.shape), labels)
    assert found.words == (COLLAPSED,), diagnosed.sentence(found)
    assert "nearer to another" in diagnosed.sentence(found)


def test_training_pairs_with_noise(diagnosis_of, pairs):
    images, labels = pairs(np.arange(30))
    noise = np.random.default_rng(0).normal(0, 0.1, images.shape)
    found, *_ = diagnosis_of(images + noise, labels)
    assert found.words == (MEMORISING,), diagnosed.sentence(found)
    assert found.copies > 0.9 and found.copies_held == 0
    assert "of its images are copies of training images, of held-out ones 0.0 %" in diagnosed.sentence(found)


def test_a_generator_that_was_not_trained(diagnosis_of, spec):
    keras.utils.set_random_seed(0)
    layout = JointLayout.of(spec)
    generator = dcgan.generator(SIDE, SIDE, 1 + layout.channels, 8, 32, True)
    latents = tf.random.stateless_normal((60, 32), (0, 1))
    images, labels = layout.separate(generator(latents, training=True))
    found, *_ = diagnosis_of(images.numpy(), labels.numpy())
    assert found.words[0] == UNDERTRAINED and MEMORISING not in found.words, diagnosed.sentence(found)


def test_half_learned_images_are_undertrained(diagnosis_of, pairs):
    """Blurred as those of a generator that has learned shapes and no detail: seen by their sharpness."""
    images, labels = pairs(np.arange(90, 120))
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME").numpy()
    found, *_ = diagnosis_of(blurred, labels)
    assert found.words == (UNDERTRAINED,) and found.values["sharpness"].apart


def test_labels_that_differ_are_told(diagnosis_of, pairs):
    images, labels = pairs(np.arange(90, 120))
    found, *_ = diagnosis_of(images, np.where(np.arange(SIDE)[:, None] < SIDE // 2, labels, 0))
    (line,) = diagnosed.label_lines(found)
    assert "its centre" in line and found.labels.apart.sum() >= 4


def test_augmented_images_are_told(diagnosis_of, pairs, of_held_out):
    """Real pairs as a critic saw them, which a generator must not draw; and the same ones as they are."""
    images, labels = pairs(np.arange(90, 120))
    numbers = np.random.default_rng(0).random((30, NUMBERS)).astype(np.float32)
    found, *_ = diagnosis_of(changed(tf.constant(images), numbers, 0.3, 1, False).numpy(), labels)
    assert found.augmenting and found.augmented > 0.3, diagnosed.sentence(found)
    share = f"{100 * found.augmented:.0f} % of its images have an empty patch, or a brightness or contrast, that no"
    assert share in diagnosed.sentence(found)
    real, *_ = of_held_out
    assert not real.augmenting and real.augmented <= 0.1 and "empty patch" not in diagnosed.sentence(real)


def test_the_best_and_the_worst_pairs_are_shown(diagnosis_of, pairs):
    images, labels = pairs(np.arange(90, 120))
    images = images.copy()
    images[[3, 11, 20]] = np.random.default_rng(0).uniform(-1, 1, images[:3].shape)
    seen = diagnosis_of(images, labels)[1]
    assert set(seen.worst.rows[:3]) == {3, 11, 20}
    assert len(seen.best.rows) == len(seen.worst.rows) == EXTREMES and not set(seen.best.rows) & set(seen.worst.rows)


def test_of_identical_pairs_one_is_shown(diagnosis_of, pairs):
    images, labels = pairs(np.r_[90:120])
    liked = diagnosis_of(images, labels)[1].best.rows[0]
    again = np.r_[np.arange(30), np.full(12, liked)]
    seen = diagnosis_of(images[again], labels[again])[1]
    for shown in (seen.best, seen.worst):
        assert len(np.unique(shown.images[shown.rows], axis=0)) == len(shown.rows) == EXTREMES
    everything = diagnosis_of(images[np.full(30, liked)], labels[np.full(30, liked)])[1]
    assert len(everything.best.rows) == len(everything.worst.rows) == 1


def test_a_diagnosis_is_read_as_it_was_written(of_held_out, tmp_path):
    found, seen = of_held_out
    assert diagnosed.read(tmp_path) is None
    diagnosed.write(tmp_path, found, seen)
    with Image.open(tmp_path / diagnosed.PAIRS) as picture:
        assert picture.height == pytest.approx(picture.width / 2, rel=0.02)  # four rows of four pairs
    again = diagnosed.read(tmp_path)
    assert isinstance(again, Diagnosis) and again.to_json() == found.to_json()
    assert "Diagnosis: as close as" in (tmp_path / diagnosed.TEXT).read_text()
    table = diagnosed.measures(again)
    assert list(table.measure[:4].str.split("[: ]").str[0]) == ["precision", "recall", "density", "coverage"]
    # A report that would show it makes it again; a model card needs the words alone.
    assert diagnosed.read_with_pictures(tmp_path).to_json() == found.to_json()
    (tmp_path / diagnosed.PAIRS).unlink()
    assert diagnosed.read_with_pictures(tmp_path) is None and diagnosed.read(tmp_path) is not None
    (tmp_path / diagnosed.STORED).write_text("{}")
    with pytest.raises(InputError, match="the same command makes it again"):
        diagnosed.read(tmp_path)


def test_features_are_means_over_each_class(spec):
    """Of a network that returns its images: the mean of the pixels of each class, and the shares in each field."""
    images = np.zeros((1, 16, 16, 1), np.float32)
    labels = np.full((1, 16, 16), 255, np.uint8)
    images[0, :4], labels[0, :4] = 0.5, 1
    images[0, 4:8], labels[0, 4:8] = -0.25, 2
    inputs = keras.Input((16, 16, 1))
    same = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    found = features(same, [(images, labels)], spec)
    np.testing.assert_allclose(found.looks[0], [0, 0.5, -0.25, *[0] * (len(spec.classes) - 3)], atol=1e-6)
    places = found.places.reshape(8, 8, -1)
    assert (places[:2, :, 0] == 1).all() and (places[2:4, :, 1] == 1).all() and places.sum() == 32


def test_the_coarsest_maps_of_a_segmenter():
    assert deepest(neff_unet(32, 16, 1, 2, 3, 4)).output_shape == (None, 8, 4, 4)


@pytest.mark.parametrize("height, width", [(8, 8), (1, 1), (40, 24)])
def test_a_network_that_learned_nothing_takes_images_of_any_size(height, width, spec):
    """Patches of 8 x 8 pixels had no maps left, and a paper's run ended with its last table written."""
    images = np.random.default_rng(0).uniform(-1, 1, (2, height, width, 1)).astype(np.float32)
    network = unlearned(1)
    assert network(images).shape == (2, -(-height // 16), -(-width // 16), 256)
    found = features(network, [(images, np.ones((2, height, width), np.uint8))], spec)
    assert np.isfinite(found.looks).all() and np.ptp(found.looks, 0).any()
