"""SPADE's losses against numpy, and its step: what moves, in which order, exactly again, on two devices."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.gans.spade import LinearDecay, Spade, discriminator_losses, feature_matching, generator_loss, one_hot
from tf_ganaug.models.patch_discriminator import discriminator
from tf_ganaug.models.spade import generator

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, (4, 4, 4)).repeat(4, 1).repeat(4, 2).astype(np.uint8)
IMAGES = (LABELS[..., None] - 1.0 + RNG.normal(0, 0.1, (4, 16, 16, 1))).clip(-1, 1).astype(np.float32)


def small_gan(generator_rate=1e-3, discriminator_rate=4e-3, **changes):
    keras.utils.set_random_seed(1)
    painter = generator(16, 16, 3, 1, ngf=2, upsamplings=2, hidden=4)
    return Spade(painter, discriminator(16, 16, 3, 1, ndf=2), generator_rate, discriminator_rate, **changes)


def random_maps(batch=2):
    """Two scales of two maps of features and one of scores."""
    shapes = [[(5, 5, 3), (3, 3, 4), (4, 4, 1)], [(3, 3, 3), (2, 2, 4), (3, 3, 1)]]
    return [[RNG.normal(size=(batch, *shape)).astype(np.float32) for shape in scale] for scale in shapes]


def test_adversarial_losses():
    fakes, reals = random_maps(), random_maps()
    terms = discriminator_losses(fakes, reals)
    fake = np.mean([np.maximum(1 + scale[-1], 0).mean() for scale in fakes])
    real = np.mean([np.maximum(1 - scale[-1], 0).mean() for scale in reals])
    assert float(terms["discriminator_fake_loss"]) == pytest.approx(fake, rel=1e-5)
    assert float(terms["discriminator_real_loss"]) == pytest.approx(real, rel=1e-5)
    expected = -np.mean([scale[-1].mean() for scale in fakes])
    assert float(generator_loss(fakes)) == pytest.approx(expected, rel=1e-4)


def test_feature_matching_leaves_out_the_scores_and_detaches_the_reals():
    fakes, reals = random_maps(), random_maps()
    expected = sum(np.abs(f - r).mean() for fs, rs in zip(fakes, reals) for f, r in zip(fs[:-1], rs[:-1])) / 2
    fakes, reals = ([list(map(tf.constant, scale)) for scale in maps] for maps in (fakes, reals))
    with tf.GradientTape() as tape:
        tape.watch([fakes, reals])
        loss = feature_matching(fakes, reals)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    by_fakes, by_reals = tape.gradient(loss, [fakes, reals])
    assert [[gradient is not None for gradient in scale] for scale in by_fakes] == [[True, True, False]] * 2
    assert not any(gradient is not None for scale in by_reals for gradient in scale)


def test_ignored_pixels_have_no_class():
    hot = one_hot(tf.constant([[[0, 2], [IGNORE, 1]]], tf.uint8), 3)
    np.testing.assert_array_equal(hot, [[[[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 1, 0]]]])


def test_decay_is_by_epoch_and_reaches_the_optimisers(eager):
    decay = LinearDecay(0.5, epoch_steps=10, constant_epochs=2, decay_epochs=4)
    epochs = [[float(decay(tf.constant(10 * epoch + step, tf.int64))) for step in (0, 9)] for epoch in range(8)]
    expected = [0.5, 0.5, 0.5, 0.375, 0.25, 0.125, 0.0, 0.0]
    np.testing.assert_allclose(epochs, [[rate, rate] for rate in expected], atol=1e-7)

    # One epoch is one step here: the third has rate 0.
    gan = small_gan(LinearDecay(1e-3, 1, 0, 1), LinearDecay(1e-3, 1, 0, 1))
    moved = [max(np.abs(a - b).max() for a, b in zip(*one)) for one in (weights_around_step(gan) for _ in range(3))]
    assert moved[0] > 5e-4
    assert moved[1] == moved[2] == 0


def weights_around_step(gan):
    networks = gan.generator, gan.discriminator
    before = [variable.numpy() for network in networks for variable in network.trainable_variables]
    gan.step(LABELS, IMAGES, 0)
    return before, [variable.numpy() for network in networks for variable in network.trainable_variables]


def state(gan):
    """All that the forward passes leave behind: running statistics and spectral vectors."""
    return [v.numpy() for network in (gan.generator, gan.discriminator) for v in network.non_trainable_variables]


def test_both_networks_pass_twice_in_training_mode_and_fakes_and_reals_together(eager):
    gan, other = small_gan(0.0, 0.0), small_gan(0.0, 0.0)
    condition = one_hot(LABELS, 3)
    terms = gan.step(LABELS, IMAGES, 0)
    for _ in range(2):
        fakes = other.generator(condition, training=True)
        maps = other.discriminator([tf.concat([condition] * 2, 0), tf.concat([fakes, IMAGES], 0)], training=True)
    for one, two in zip(state(gan), state(other)):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)
    fakes, reals = ([[layer[part] for layer in scale] for scale in maps] for part in (np.s_[:4], np.s_[4:]))
    for name, value in discriminator_losses(fakes, reals).items():
        assert float(terms[name]) == pytest.approx(float(value), rel=1e-4)


def test_the_discriminator_judges_what_the_new_generator_paints(eager):
    gan, other = small_gan(0.05, 0.05), small_gan()
    condition = one_hot(LABELS, 3)
    terms = gan.step(LABELS, IMAGES, 0)
    old_fakes = other.generator(condition, training=True)
    both = [tf.concat([condition] * 2, 0), tf.concat([old_fakes, IMAGES], 0)]
    old = [scale[-1][:4] for scale in other.discriminator(both, training=True)]
    assert float(terms["generator_gan_loss"]) == pytest.approx(-np.mean([s.numpy().mean() for s in old]), rel=1e-3)

    for ours, theirs in zip(other.generator.trainable_variables, gan.generator.trainable_variables):
        ours.assign(theirs)
    both[1] = tf.concat([other.generator(condition, training=True), IMAGES], 0)
    new = [scale[-1][:4] for scale in other.discriminator(both, training=True)]
    of_old, of_new = (np.mean([np.maximum(1 + s.numpy(), 0).mean() for s in scores]) for scores in (old, new))
    assert float(terms["discriminator_fake_loss"]) == pytest.approx(of_new, rel=1e-5)
    assert abs(of_old - of_new) > 1e-4


def test_learns_to_paint_the_labels():
    gan = small_gan(4e-3, 4e-3)
    for _ in range(60):
        gan.step(LABELS, IMAGES, 0)
    painted = gan.paint(LABELS).numpy()
    assert np.abs(painted).max() <= 1
    # The classes are 1 apart; the noise within them alone is 0.07.
    assert np.abs(painted - IMAGES).mean() < 0.2
    # By the running statistics: an image does not depend on the others painted with it.
    np.testing.assert_allclose(gan.paint(LABELS[2:3]), painted[2:3], atol=1e-5)


def test_continues_exactly(tmp_path, eager):
    # The second epoch, of a lower rate, begins after the step of the part; `fresh` has made none.
    gan = small_gan(LinearDecay(1e-3, 1, 0, 2), LinearDecay(4e-3, 1, 0, 2))
    gan.step(LABELS, IMAGES, 0)
    path = gan.parts().write(str(tmp_path / "part"))
    terms = gan.step(LABELS, IMAGES, 0)

    keras.utils.set_random_seed(2)
    fresh = small_gan(LinearDecay(1e-3, 1, 0, 2), LinearDecay(4e-3, 1, 0, 2))
    fresh.parts().read(path).assert_consumed()
    again = fresh.step(LABELS, IMAGES, 0)
    assert {k: float(v) for k, v in terms.items()} == {k: float(v) for k, v in again.items()}
    for one, two in ((gan.generator, fresh.generator), (gan.discriminator, fresh.discriminator)):
        for a, b in zip(one.get_weights(), two.get_weights()):
            np.testing.assert_array_equal(a, b)


def test_perceptual_loss_is_a_weighted_part_of_the_generators(eager):
    def darkness(fakes, reals):
        return tf.reduce_mean(tf.square(fakes + 1.0))

    gan = small_gan(5e-2, 0.0, feature_weight=0.0, perceptual=darkness, perceptual_weight=100.0)
    first, *_, last = [gan.step(LABELS, IMAGES, 0) for _ in range(4)]
    assert float(first["generator_feature_loss"]) == 0
    assert float(first["generator_perceptual_loss"]) > 1
    assert float(last["generator_perceptual_loss"]) < 0.5 * float(first["generator_perceptual_loss"])


@pytest.mark.long
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_trains_on_nearly_the_same_losses(policy, eager):
    exact = small_gan().step(LABELS, IMAGES, 0)
    backend.set_precision(policy)
    try:
        gan = small_gan()
        before = [variable.numpy() for variable in gan.generator.trainable_variables]
        # The first steps in float16 may be skipped, until the scale of the loss suits it.
        rough, *_ = [gan.step(LABELS, IMAGES, 0) for _ in range(5)]
        painted = gan.paint(LABELS)
    finally:
        backend.set_precision("float32")
    assert painted.dtype == tf.float32
    for name, value in rough.items():
        assert value.dtype == tf.float32
        assert float(value) == pytest.approx(float(exact[name]), rel=0.03, abs=0.01), name
    moves = [np.abs(a - b.numpy()).max() for a, b in zip(before, gan.generator.trainable_variables)]
    assert min(moves) > 0
    assert 5e-4 < max(moves) < 0.1
