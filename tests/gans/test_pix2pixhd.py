"""pix2pixHD's losses, edges and image pool; its step: one pass for both networks, coarse to fine, exactly again."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.gans.pix2pixhd import ImagePool, Pix2PixHD, instance_edges, least_squares
from tf_ganaug.gans.spade import LinearDecay, feature_matching, one_hot
from tf_ganaug.models.pix2pixhd import discriminator, enhancer_variables, global_generator, local_enhancer, take_over

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, (2, 4, 4)).repeat(4, 1).repeat(4, 2).astype(np.uint8)
IMAGES = tf.constant((LABELS[..., None] - 1.0 + RNG.normal(0, 0.1, (2, 16, 16, 1))).clip(-1, 1), tf.float32)
INSTANCES = RNG.integers(0, 9, (2, 4, 4)).repeat(4, 1).repeat(4, 2).astype(np.int32)
#: A constant rate.
RATE = LinearDecay(1e-3, 1000, 1, 1)


def small_gan(decay=RATE, enhanced=False, channels=3, **changes):
    keras.utils.set_random_seed(1)
    build = local_enhancer if enhanced else global_generator
    painter = build(16, 16, channels, 1, ngf=2, downsamplings=1, blocks=1)
    return Pix2PixHD(painter, discriminator(16, 16, channels, 1, ndf=2), decay, seed=5, **changes)


def values_of(variables):
    return [variable.numpy() for variable in variables]


def moved(before, variables):
    return [not np.array_equal(one, two.numpy()) for one, two in zip(before, variables)]


def test_least_squares_is_summed_over_scales():
    maps = [[RNG.normal(size=(2, 3, 3, 4)), RNG.normal(size=(2, side, side, 1))] for side in (5, 3)]
    expected = sum(((scale[-1] - 1) ** 2).mean() for scale in maps)
    assert float(least_squares([[tf.constant(x, tf.float32) for x in scale] for scale in maps], 1.0)) == pytest.approx(
        expected, rel=1e-5
    )


def test_edges_are_where_a_neighbour_is_another_instance():
    ids = RNG.integers(0, 3, (2, 7, 9)).astype(np.int32)
    expected = np.zeros(ids.shape)
    for n, y, x in np.ndindex(ids.shape):
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        inside = [(r, c) for r, c in around if 0 <= r < 7 and 0 <= c < 9]
        expected[n, y, x] = any(ids[n, r, c] != ids[n, y, x] for r, c in inside)
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(instance_edges(tf.constant(ids))[..., 0], expected)


def test_pool_returns_the_first_and_later_half_the_new_half_a_stored_one():
    """Fakes are told by their number, which their condition (modulo 2) has to travel with."""
    pool = ImagePool(3, (1, 1, 1), (1, 1, 1), seed=4)
    query = tf.function(pool.query)
    stored, swaps, slots = [], 0, set()
    for step in range(40):
        numbers = [2 * step, 2 * step + 1]
        fakes = tf.reshape(tf.constant(numbers, tf.float32), (2, 1, 1, 1))
        conditions, images = query(fakes % 2, fakes, tf.constant(step, tf.int64))
        np.testing.assert_array_equal(conditions, images % 2)
        for new, got in zip(numbers, images.numpy().ravel()):
            if len(stored) < 3:
                assert got == new
                stored.append(new)
            elif got != new:
                slot = stored.index(got)
                stored[slot] = new
                swaps += 1
                slots.add(slot)
        np.testing.assert_array_equal(pool.images.numpy().ravel()[: len(stored)], stored)
    assert 25 <= swaps <= 52  # of 77
    assert slots == {0, 1, 2}


def test_one_pass_serves_both_networks_and_the_generators_loss_sees_no_new_discriminator(eager):
    gan, other = small_gan(LinearDecay(0.1, 1000, 1, 1)), small_gan()
    terms = gan.step(LABELS, IMAGES, 0)
    condition = one_hot(LABELS, 3)
    with tf.GradientTape(persistent=True) as tape:
        fakes = other.generator(condition)
        fake, real = (other.discriminator([condition, x]) for x in (fakes, IMAGES))
        expected = {
            "generator_gan_loss": least_squares(fake, 1.0),
            "generator_feature_loss": 10.0 * feature_matching(fake, real),
            "discriminator_fake_loss": least_squares(fake, 0.0),
            "discriminator_real_loss": least_squares(real, 1.0),
        }
        painted = expected["generator_gan_loss"] + expected["generator_feature_loss"]
        judged = 0.5 * (expected["discriminator_fake_loss"] + expected["discriminator_real_loss"])
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert float(terms[name]) == pytest.approx(float(value), rel=1e-4), name
    # Adam's first step is the rate, against the gradient's sign; biases before a norm have none but of rounding.
    for ours, theirs, loss in (
        (gan.generator, other.generator, painted),
        (gan.discriminator, other.discriminator, judged),
    ):
        for new, old, gradient in zip(
            ours.trainable_variables, theirs.trainable_variables, tape.gradient(loss, theirs.trainable_variables)
        ):
            clear = np.abs(gradient) > 1e-4
            np.testing.assert_allclose((new - old)[clear], -0.1 * np.sign(gradient)[clear], rtol=0.01)


def test_the_discriminator_judges_the_pools_fakes_but_the_generator_its_own(eager):
    gan, plain = small_gan(pool_size=2), small_gan()
    judged = set()
    for step in range(7):
        for name in ("generator", "discriminator"):
            for ours, theirs in zip(getattr(plain, name).variables, getattr(gan, name).variables):
                ours.assign(theirs)
        terms, without = (one.step(LABELS[:1], IMAGES[:1], step) for one in (gan, plain))
        for name in ("generator_gan_loss", "generator_feature_loss", "discriminator_real_loss"):
            assert float(terms[name]) == pytest.approx(float(without[name]), rel=1e-4)
        same = float(terms["discriminator_fake_loss"]) == pytest.approx(
            float(without["discriminator_fake_loss"]), rel=1e-4
        )
        number = tf.constant(step, tf.int64)
        assert same == (step < 2 or not bool(gan.pool._draw(number)[0]))
        judged.add((step < 2, same))
    assert judged == {(True, True), (False, True), (False, False)}


def test_frozen_epochs_train_the_enhancer_alone_and_then_a_fresh_adam_all(eager):
    decay = LinearDecay(0.01, epoch_steps=2, constant_epochs=1, decay_epochs=1)
    gan = small_gan(decay, enhanced=True, frozen_epochs=1)
    own = {id(variable) for variable in enhancer_variables(gan.generator)}
    local = [id(variable) in own for variable in gan.generator.trainable_variables]
    assert any(local) and not all(local)
    for step in range(2):
        before = values_of(gan.generator.trainable_variables)
        gan.step(LABELS, IMAGES, step)
        changed = moved(before, gan.generator.trainable_variables)
        assert not any(new for new, one in zip(changed, local) if not one)
        assert all(new for new, one in zip(changed, local) if one)
    largest = []
    for step in range(2, 6):
        before = values_of(gan.generator.trainable_variables)
        gan.step(LABELS, IMAGES, step)
        after = values_of(gan.generator.trainable_variables)
        largest.append(max(np.abs(two - one).max() for one, two in zip(before, after)))
        assert all(moved(before, gan.generator.trainable_variables)) == (step < 4)
    # The first step of an Adam is its rate at most, and the schedule has gone on: none in epoch 2.
    assert largest[0] == pytest.approx(0.01, rel=1e-3)
    assert float(gan.generator_optimizer.iterations) == 4
    rates = [float(one.learning_rate) for one in (gan.generator_optimizer, gan.discriminator_optimizer)]
    assert rates == [0.0, 0.0] and largest[-1] == 0.0


def test_frozen_epochs_need_an_enhancer():
    with pytest.raises(InputError, match="frozen epochs: expected a local enhancer"):
        small_gan(frozen_epochs=1)


def test_edges_are_a_channel_of_their_own(eager):
    gan = small_gan(channels=4, edges=True)
    terms = gan.step(LABELS, IMAGES, 0, INSTANCES)
    assert np.isfinite([float(term) for term in terms.values()]).all()
    condition = tf.concat([one_hot(LABELS, 3), instance_edges(INSTANCES)], -1)
    np.testing.assert_allclose(gan.paint(LABELS, INSTANCES), gan.generator(condition), atol=1e-6)
    assert np.abs(gan.paint(LABELS, INSTANCES) - gan.paint(LABELS, 0 * INSTANCES)).max() > 1e-4


def test_learns_to_paint_the_labels():
    gan = small_gan(LinearDecay(4e-3, 1000, 1, 1))
    for step in range(120):
        gan.step(LABELS, IMAGES, step)
    painted = gan.paint(LABELS).numpy()
    assert np.abs(painted).max() <= 1
    # The classes are 1 apart; the noise within them alone is 0.07.
    assert np.abs(painted - IMAGES).mean() < 0.2
    np.testing.assert_allclose(gan.paint(LABELS[1:]), painted[1:], atol=1e-5)


def test_coarse_to_fine(eager):
    """The three stages of the enhancer's training, in few steps."""
    coarse = Pix2PixHD(
        global_generator(8, 8, 3, 1, ngf=4, downsamplings=1, blocks=1), discriminator(8, 8, 3, 1, ndf=2), RATE, seed=5
    )
    coarse.step(LABELS[:, ::2, ::2], IMAGES[:, ::2, ::2], 0)
    fine = small_gan(enhanced=True, frozen_epochs=1)
    take_over(fine.generator, coarse.generator)
    take_over(fine.discriminator, coarse.discriminator)
    fine.step(LABELS, IMAGES, 0)
    shared = coarse.generator.get_layer("model.1").kernel.numpy()
    np.testing.assert_array_equal(fine.generator.get_layer("model.1").kernel, shared)
    fine.step(LABELS, IMAGES, RATE.epoch_steps)
    assert np.abs(fine.generator.get_layer("model.1").kernel - shared).max() > 0


def test_continues_exactly_with_pool_and_in_the_frozen_epoch(tmp_path, eager):
    def new():
        decay = LinearDecay(1e-3, epoch_steps=2, constant_epochs=1, decay_epochs=2)
        return small_gan(decay, enhanced=True, frozen_epochs=1, pool_size=3)

    gan = new()
    gan.step(LABELS, IMAGES, 0)
    path = gan.parts().write(str(tmp_path / "part"))
    terms = [gan.step(LABELS, IMAGES, step) for step in range(1, 4)]

    keras.utils.set_random_seed(2)
    fresh = new()
    fresh.step(LABELS[::-1], IMAGES, 0)
    fresh.parts().read(path).assert_consumed()
    again = [fresh.step(LABELS, IMAGES, step) for step in range(1, 4)]
    assert [{k: float(v) for k, v in one.items()} for one in terms] == [
        {k: float(v) for k, v in one.items()} for one in again
    ]
    for one, two in ((gan.generator, fresh.generator), (gan.discriminator, fresh.discriminator)):
        for a, b in zip(one.get_weights(), two.get_weights()):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(gan.pool.images, fresh.pool.images)


def test_perceptual_loss_is_a_weighted_part_of_the_generators(eager):
    def darkness(fakes, reals):
        return tf.reduce_mean(tf.square(fakes + 1.0))

    gan = small_gan(LinearDecay(5e-2, 1000, 1, 1), feature_weight=0.0, perceptual=darkness, perceptual_weight=100.0)
    first, *_, last = [gan.step(LABELS, IMAGES, step) for step in range(5)]
    assert float(first["generator_feature_loss"]) == 0
    assert float(first["generator_perceptual_loss"]) > 1
    assert float(last["generator_perceptual_loss"]) < 0.5 * float(first["generator_perceptual_loss"])


@pytest.mark.long
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_trains_on_nearly_the_same_losses(policy, eager):
    exact = small_gan(pool_size=1).step(LABELS, IMAGES, 0)
    backend.set_precision(policy)
    try:
        gan = small_gan(pool_size=1)
        before = values_of(gan.generator.trainable_variables)
        # The first steps in float16 may be skipped, until the scale of the loss suits it.
        rough, *_ = [gan.step(LABELS, IMAGES, step) for step in range(10)]
        painted = gan.paint(LABELS)
    finally:
        backend.set_precision("float32")
    assert painted.dtype == tf.float32
    for name, value in rough.items():
        assert value.dtype == tf.float32
        assert float(value) == pytest.approx(float(exact[name]), rel=0.03, abs=0.01), name
    kernels = [two.numpy() - one for one, two in zip(before, gan.generator.trainable_variables) if one.ndim == 4]
    assert all(5e-4 < np.abs(kernel).max() < 0.1 for kernel in kernels)
