"""pix2pix's losses and jitter against numpy, and its step: one pass for both, exactly again; painting."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.errors import InputError
from tf_ganaug.gans.pix2pix import Pix2Pix, coded, discriminator_loss, generator_losses, jitter
from tf_ganaug.models.layers import BatchStatisticsNorm
from tf_ganaug.models.pix2pix import discriminator, generator
from tf_ganaug.random import fold

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, (4, 8, 8)).repeat(4, 1).repeat(4, 2).astype(np.uint8)
IMAGES = tf.constant((LABELS[..., None] - 1.0 + RNG.normal(0, 0.1, (4, 32, 32, 1))).clip(-1, 1), tf.float32)


def small_gan(channels=3, **changes):
    keras.utils.set_random_seed(1)
    painter = generator(32, 32, channels, 1, ngf=2)
    return Pix2Pix(painter, discriminator(32, 32, channels, 1, ndf=2), classes=3, seed=5, **changes)


def test_losses():
    real, fake = RNG.uniform(0, 1, (2, 2, 5, 5, 1)).astype(np.float32)
    fakes, images = RNG.uniform(-1, 1, (2, 2, 8, 8, 1)).astype(np.float32)
    expected = -np.log(real).mean() - np.log(1 - fake).mean()
    assert float(discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    terms = generator_losses(fake, fakes, images)
    assert float(terms["generator_gan_loss"]) == pytest.approx(-np.log(fake).mean(), rel=1e-5)
    assert float(terms["generator_l1_loss"]) == pytest.approx(np.abs(images - fakes).mean(), rel=1e-5)
    certain = tf.zeros((1, 2, 2, 1))
    assert float(discriminator_loss(certain, 1.0 - certain)) == pytest.approx(-2 * np.log(1e-12), rel=1e-4)


def test_one_channel_codes_the_classes():
    labels = tf.constant([[[0, 1], [2, IGNORE]]], tf.uint8)
    np.testing.assert_allclose(coded(labels, 3)[..., 0], [[[-1, 0], [1, -1]]])
    np.testing.assert_allclose(coded(labels[:, :1], 6)[..., 0], [[[-1, -0.6]]], atol=1e-6)


def test_jitter_is_one_flip_and_crop_of_the_enlarged_pair_for_image_and_label():
    count, side, larger = 60, 32, 36  # 32 x 286 / 256 = 35.75
    labels = RNG.integers(0, 3, (count, side, side)).astype(np.uint8)
    images = RNG.normal(size=(count, side, side, 2)).astype(np.float32)
    moved_labels, moved_images = jitter(labels, images, fold(1, 2))
    again = jitter(labels, images, fold(1, 2))
    np.testing.assert_array_equal(moved_labels, again[0])
    np.testing.assert_array_equal(moved_images, again[1])
    assert moved_labels.dtype == tf.uint8

    drawn = []
    for n in range(count):
        for mirrored in (False, True):
            step = -1 if mirrored else 1
            wide = tf.image.resize(images[n, :, ::step], (larger, larger), "area").numpy()
            wide_labels = tf.image.resize(labels[n, :, ::step, None], (larger, larger), "nearest").numpy()[..., 0]
            for y, x in np.ndindex(larger - side + 1, larger - side + 1):
                if np.allclose(wide[y : y + side, x : x + side], moved_images[n], atol=1e-4):
                    np.testing.assert_array_equal(wide_labels[y : y + side, x : x + side], moved_labels[n])
                    drawn.append((mirrored, y, x))
    assert len(drawn) == count
    flips, rows, columns = map(set, zip(*drawn))
    assert flips == {False, True}
    assert rows == columns == set(range(larger - side + 1))
    assert len(set(drawn)) > 25  # of 50, in 60 independent draws


def test_jitter_enlarges_256_to_286():
    images = np.tile(np.arange(256, dtype=np.float32), (1, 256, 1))[..., None]
    _, moved = jitter(np.zeros((1, 256, 256), np.uint8), images, fold(3))
    slope = np.abs(moved[0, 0, -2, 0] - moved[0, 0, 1, 0]) / 253
    assert slope == pytest.approx(256 / 286, abs=0.005)


def gradients_by_hand(gan, labels, images, step):
    """Of both networks, from one pass and the formulas."""
    condition = tf.one_hot(tf.cast(labels, tf.int32), 3)
    gates = gan._gates(len(labels), fold(5, step, 1))
    with tf.GradientTape(persistent=True) as tape:
        fakes = gan.generator([condition, *gates], training=True)
        real = gan.discriminator([condition, images], training=True)
        fake = gan.discriminator([condition, fakes], training=True)
        judged = -tf.reduce_mean(tf.math.log(real)) - tf.reduce_mean(tf.math.log(1 - fake))
        painted = 100 * tf.reduce_mean(tf.abs(fakes - images)) - tf.reduce_mean(tf.math.log(fake))
    return [
        tape.gradient(loss, network.trainable_variables)
        for loss, network in ((judged, gan.discriminator), (painted, gan.generator))
    ]


def test_both_gradients_come_from_the_pass_before_either_step(eager):
    # Without memory, Adam's first moment is the gradient. The rate is one that would change a second pass.
    gan = small_gan(jitter=False, beta_1=0.0, learning_rate=0.1)
    expected = gradients_by_hand(gan, LABELS, IMAGES, 7)
    gan.step(LABELS, IMAGES, 7)
    for gradients, optimizer in zip(expected, (gan.discriminator_optimizer, gan.generator_optimizer)):
        slots = {tuple(np.shape(v)): [] for v in gradients}
        for variable in optimizer.variables:
            slots.setdefault(tuple(variable.shape), []).append(variable.numpy())
        for gradient in gradients:
            distance = min(np.abs(slot - gradient).max() for slot in slots[tuple(gradient.shape)])
            assert distance <= 1e-3 * np.abs(gradient).max() + 1e-6


def test_dropout_halves_and_keeps_the_mean(eager):
    values = np.concatenate([gate.numpy().ravel() for gate in small_gan()._gates(200, fold(1))])
    assert set(np.unique(values)) == {0.0, 2.0}
    assert values.mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": 3, "jitter": True},
        pytest.param({"channels": 1, "jitter": False}, marks=pytest.mark.long),
    ],
)
def test_learns_and_continues_exactly(tmp_path, changes):
    gan = small_gan(learning_rate=5e-3, **changes)
    first = gan.step(LABELS, IMAGES, 0)
    for step in range(1, 30):
        gan.step(LABELS, IMAGES, step)
    path = gan.parts().write(str(tmp_path / "part"))
    terms = [gan.step(LABELS, IMAGES, step) for step in (30, 31)]
    assert float(terms[-1]["generator_l1_loss"]) < 0.8 * float(first["generator_l1_loss"])

    fresh = small_gan(learning_rate=5e-3, **changes)
    fresh.step(LABELS[::-1], IMAGES, 3)
    fresh.parts().read(path).assert_consumed()
    for step, one in zip((30, 31), terms):
        again = fresh.step(LABELS, IMAGES, step)
        assert {name: float(value) for name, value in again.items()} == {k: float(v) for k, v in one.items()}
    for one, two in ((gan.generator, fresh.generator), (gan.discriminator, fresh.discriminator)):
        for a, b in zip(one.get_weights(), two.get_weights()):
            np.testing.assert_array_equal(a, b)


def test_painting_by_the_minibatch_or_by_frozen_statistics(eager):
    gan = small_gan()
    numbers = tf.constant([4, 9])
    painted = gan.paint(LABELS[:2], numbers)
    np.testing.assert_array_equal(painted, gan.paint(LABELS[:2], numbers))
    assert np.abs(painted - gan.paint(LABELS[:2], numbers + 1)).max() > 1e-4
    # The other image of the minibatch counts ...
    other = gan.paint(LABELS[[0, 2]], numbers)
    assert np.abs(painted[0] - other[0]).max() > 1e-4
    # ... unless each is painted alone, as in training on single images ...
    each = gan.paint_each(LABELS[:2], numbers)
    for n in (0, 1):
        np.testing.assert_allclose(each[n], gan.paint(LABELS[n : n + 1], numbers[n : n + 1])[0], atol=1e-5)
    # ... until statistics are frozen; then only the image's own label and number do.
    gan.freeze_statistics([LABELS[:2], LABELS[2:]])
    frozen = gan.paint_frozen(LABELS[:2], numbers)
    for n in (0, 1):
        alone = gan.paint_frozen(LABELS[n : n + 1], numbers[n : n + 1])
        np.testing.assert_allclose(alone[0], frozen[n], atol=1e-5)
    assert np.abs(frozen[0] - gan.paint_frozen(LABELS[:1], tf.constant([5]))[0]).max() > 1e-5


def test_frozen_statistics_are_pooled_over_the_minibatches(eager):
    gan = small_gan()
    gan.freeze_statistics([LABELS[:2], LABELS[2:]])
    norms = [layer for layer in gan.generator.layers if isinstance(layer, BatchStatisticsNorm)]
    inputs = keras.Model(gan.generator.inputs, [norm.input for norm in norms])
    parts = []
    for number, labels in enumerate((LABELS[:2], LABELS[2:])):
        condition = tf.one_hot(labels.astype(np.int32), 3)
        parts.append(inputs([condition, *gan._gates(2, fold(5, number, 3))], training=True))
    for norm, maps in zip(norms, zip(*parts)):
        values = np.concatenate([x.numpy() for x in maps])
        np.testing.assert_allclose(norm.mean.numpy(), values.mean((0, 1, 2)), atol=1e-5)
        np.testing.assert_allclose(norm.variance.numpy(), values.var((0, 1, 2)), rtol=1e-2, atol=1e-5)


def test_frozen_norm_of_single_values_keeps_to_its_beta(eager):
    gan = small_gan()
    gan.freeze_statistics(LABELS[:, None])  # four minibatches of one
    norm = gan.generator.get_layer("encoder_5.batch_normalization")
    norm.beta.assign(RNG.normal(size=16))
    x = RNG.normal(size=(2, 1, 1, 16)).astype(np.float32)
    np.testing.assert_allclose(norm(x, training=False), np.broadcast_to(norm.beta.numpy(), x.shape), atol=1e-6)
    assert np.isfinite(gan.paint_frozen(LABELS, tf.range(4))).all()


@pytest.mark.long
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_trains_on_nearly_the_same_losses(policy, eager):
    exact = small_gan().step(LABELS, IMAGES, 0)
    backend.set_precision(policy)
    try:
        gan = small_gan()
        before = [variable.numpy() for variable in gan.generator.trainable_variables]
        rough = gan.step(LABELS, IMAGES, 0)
        # The first steps in float16 may be skipped, until the scale of the loss suits it.
        for step in range(1, 5):
            gan.step(LABELS, IMAGES, step)
        painted = gan.paint(LABELS, tf.range(4))
    finally:
        backend.set_precision("float32")
    assert painted.dtype == tf.float32
    for name, value in rough.items():
        assert value.dtype == tf.float32
        assert float(value) == pytest.approx(float(exact[name]), rel=0.03), name
    moves = [np.abs(a - b.numpy()).max() for a, b in zip(before, gan.generator.trainable_variables)]
    assert max(moves) > 1e-4
    assert all(np.isfinite(weight).all() for weight in gan.generator.get_weights())


def test_a_condition_that_does_not_fit_the_classes_is_refused():
    with pytest.raises(InputError, match="3 \\(one per class\\) or 1 \\(coded\\) for 3 classes, found 4"):
        small_gan(channels=4)
