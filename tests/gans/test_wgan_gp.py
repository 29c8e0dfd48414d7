"""Losses and steps of WGAN-GP, on critics whose gradient norm is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.gans.wgan_gp import WganGp, critic_loss, generator_loss, gradient_norms
from tf_ganaug.models import dcgan

RNG = np.random.default_rng(0)
SHAPE = (8, 8, 2)


def scorer(layer, squared=False):
    """A critic: `layer` on the flat image, or on its squared length."""
    images = keras.Input(SHAPE)
    x = keras.layers.Flatten()(images)
    x = keras.layers.Dot(1)([x, x]) if squared else x
    return keras.Model(images, keras.layers.Reshape(())(layer(x)))


def small_gan(**changes):
    keras.utils.set_random_seed(1)
    settings = {"batch": 4, "learning_rate": 1e-3, "beta_1": 0.5, "beta_2": 0.9, "penalty_weight": 10.0}
    generator = dcgan.generator(16, 16, 3, dim=4, latent_size=6, he=True)
    critic = dcgan.critic(16, 16, 3, dim=4, he=True)
    return WganGp(generator, critic, **{**settings, "seed": 7, **changes})


REALS = RNG.uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)


def test_losses_of_a_linear_critic():
    critic = scorer(keras.layers.Dense(1, bias_initializer="ones"))
    reals, fakes = RNG.uniform(-1, 1, (2, 3, *SHAPE)).astype(np.float32)
    mix = RNG.random((3, 1, 1, 1)).astype(np.float32)
    weights = critic.layers[-2].kernel.numpy()
    scores_real, scores_fake = ((x.reshape(3, -1) @ weights)[:, 0] + 1 for x in (reals, fakes))
    norm = np.linalg.norm(weights)  # everywhere

    terms = critic_loss(critic, tf.constant(reals), tf.constant(fakes), tf.constant(mix), penalty_weight=3.0)
    np.testing.assert_allclose(terms["scores_real"], scores_real, atol=1e-5)
    np.testing.assert_allclose(terms["scores_fake"], scores_fake, atol=1e-5)
    np.testing.assert_allclose(terms["gradient_norms"], [norm] * 3, rtol=1e-5)
    wasserstein = scores_real.mean() - scores_fake.mean()
    assert float(terms["wasserstein"]) == pytest.approx(wasserstein, abs=1e-5)
    assert float(terms["penalty"]) == pytest.approx((norm - 1) ** 2, rel=1e-4)
    assert float(terms["critic_loss"]) == pytest.approx(3 * (norm - 1) ** 2 - wasserstein, abs=1e-5)
    assert float(generator_loss(critic, tf.constant(fakes))) == pytest.approx(-scores_fake.mean(), abs=1e-5)


def test_gradient_is_taken_at_the_mixture_sample_by_sample():
    # Half the squared length: its gradient is the image itself.
    critic = scorer(keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.5)), squared=True)
    reals, fakes = RNG.uniform(-1, 1, (2, 3, *SHAPE)).astype(np.float32)
    mix = np.float32([0.0, 0.25, 1.0]).reshape(3, 1, 1, 1)
    terms = critic_loss(critic, tf.constant(reals), tf.constant(fakes), tf.constant(mix))
    places = [reals[0], 0.75 * reals[1] + 0.25 * fakes[1], fakes[2]]
    np.testing.assert_allclose(terms["gradient_norms"], [np.linalg.norm(x) for x in places], rtol=1e-5)


def test_penalty_of_a_flat_critic_has_finite_gradients():
    critic = scorer(keras.layers.Dense(1, kernel_initializer="zeros"))
    with tf.GradientTape() as tape:
        norms = gradient_norms(critic, tf.zeros((2, *SHAPE)))
    assert np.isfinite(tape.gradient(norms, critic.layers[-2].kernel)).all()
    np.testing.assert_allclose(norms, 0, atol=1e-5)


def test_a_step_draws_one_number_per_sample():
    # Reals are 0 and fakes 1 everywhere, so a norm is mix * sqrt(numbers in an image). One number per
    # pixel would always give about sqrt(1/3) of that, one per batch would spread as much as one sample.
    latents = keras.Input((2,))
    x = keras.layers.Dense(128, kernel_initializer="zeros", bias_initializer="ones")(latents)
    generator = keras.Model(latents, keras.layers.Reshape(SHAPE)(x))
    critic = scorer(keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.5)), squared=True)
    gan = WganGp(generator, critic, 1, 0.0, 0.5, 0.9, 10.0, seed=3)

    def mean_mixes(batch):
        reals = tf.zeros((batch, *SHAPE))
        steps = [gan.critic_step(reals, tf.constant(step, tf.int64)) for step in range(40)]
        return np.array([float(terms["gradient_norm"]) for terms in steps]) / np.sqrt(128)

    # A uniform number has the deviation 0.29, the mean of 64 has 0.036; of 40 draws known to 11 %.
    single, many = mean_mixes(1), mean_mixes(64)
    assert single.std() == pytest.approx(0.289, rel=0.3)
    assert 0 <= single.min() <= single.max() <= 1
    assert many.std() == pytest.approx(0.289 / 8, rel=0.4)
    assert many.mean() == pytest.approx(0.5, abs=0.03)


def test_penalty_reaches_every_weight_it_depends_on():
    critic = small_gan().critic
    variables = critic.trainable_variables
    with tf.GradientTape() as tape:
        penalty = tf.reduce_mean(tf.square(gradient_norms(critic, tf.constant(REALS)) - 1.0))
    gradients = tape.gradient(penalty, variables)
    untouched = [v for v, gradient in zip(variables, gradients) if gradient is None or not np.any(gradient)]
    # After the last norm all is piecewise linear, so its shift, like the last bias, moves no gradient.
    constant = critic.get_layer("Discriminator.BN2").beta, critic.get_layer("Discriminator.Output").bias
    assert [id(variable) for variable in untouched] == [id(variable) for variable in constant]
    assert all(np.isfinite(gradient).all() for gradient in gradients if gradient is not None)


def test_a_step_is_a_function_of_state_and_number(tmp_path):
    gan = small_gan()
    before = gan.parts().write(str(tmp_path / "before"))

    def stepped(number):
        gan.parts().read(before).assert_consumed()
        terms = gan.critic_step(tf.constant(REALS), tf.constant(number, tf.int64))
        loss = gan.generator_step(tf.constant(number, tf.int64))["generator_loss"]
        return [*gan.critic.get_weights(), *gan.generator.get_weights(), terms["critic_loss"], loss]

    gan.critic_step(tf.constant(REALS), tf.constant(0, tf.int64))
    first, again, other = stepped(5), stepped(5), stepped(6)
    for one, two in zip(first, again):
        np.testing.assert_array_equal(one, two)
    assert any(not np.allclose(one, two) for one, two in zip(first, other))


def test_each_step_moves_its_own_network():
    gan = small_gan()

    def moved(step):
        before = [weight.numpy() for weight in gan.generator.weights + gan.critic.weights]
        step()
        after = [weight.numpy() for weight in gan.generator.weights + gan.critic.weights]
        flags = [not np.array_equal(one, two) for one, two in zip(before, after)]
        count = len(gan.generator.weights)
        return any(flags[:count]), any(flags[count:])

    assert moved(lambda: gan.critic_step(tf.constant(REALS), tf.constant(0, tf.int64))) == (False, True)
    assert moved(lambda: gan.generator_step(tf.constant(1, tf.int64))) == (True, False)


def loss_after(gan, steps):
    """The critic's loss on one fixed batch, before and after some steps."""
    fakes = gan.generator(tf.random.stateless_normal((4, 6), (1, 2)), training=True)
    mix = tf.random.stateless_uniform((4, 1, 1, 1), (3, 4))

    def loss():
        return float(critic_loss(gan.critic, tf.constant(REALS), fakes, mix)["critic_loss"])

    before = loss()
    for step in range(steps):
        gan.critic_step(tf.constant(REALS), tf.constant(step, tf.int64))
    return before, loss()


def test_critic_steps_lower_the_critic_loss():
    before, after = loss_after(small_gan(), 15)
    assert after < before - 1


@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.long)])
def test_half_precision_trains_on_nearly_the_same_gradients(policy):
    exact = gradient_norms(small_gan().critic, tf.constant(REALS))
    backend.set_precision(policy)
    try:
        gan = small_gan()
        rough = gradient_norms(gan.critic, tf.constant(REALS))
        before, after = loss_after(gan, 15)
    finally:
        backend.set_precision("float32")
    assert rough.dtype == tf.float32
    np.testing.assert_allclose(rough, exact, rtol=0.05)
    assert after < before - 1
