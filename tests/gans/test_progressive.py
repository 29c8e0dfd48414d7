"""Training of the progressive GAN: losses, reals, schedule, what a step moves, exact continuation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.gans.pggan_reals import from_labels, reals_at_level, to_labels
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule, Stage
from tf_ganaug.gans.progressive import ProgressiveGan, critic_loss
from tf_ganaug.models import pggan

RNG = np.random.default_rng(0)
REALS = tf.constant(RNG.uniform(-1, 1, (64, 8, 8, 2)), tf.float32)


def draw(position, count):
    """Reals in an order of their own."""
    return tf.gather(REALS, (position + tf.range(count, dtype=tf.int64)) * 5 % 64)


def small_gan(minibatch=4, **changes):
    """Level 0 for 8 images, a fade over 24, then level 1; a step shows 8."""
    keras.utils.set_random_seed(3)
    maps = {"fmap_base": 32, "fmap_max": 8}
    generators = [pggan.generator(8, 8, 2, latent_size=6, **maps) for _ in range(2)]
    critic = pggan.critic(8, 8, 2, **maps)
    schedule = ProgressiveSchedule(8, 8, 24, 200, repeats=2, minibatch={4: minibatch, 8: minibatch})
    return ProgressiveGan(generators[0], critic, generators[1], schedule, seed=7, **changes)


def weights(gan):
    networks = gan.generator, gan.critic, gan.average
    return [[variable.numpy() for variable in network.trainable_variables] for network in networks]


def test_losses_of_a_linear_critic():
    images = keras.Input((4, 4, 2))
    x = keras.layers.Dense(1, bias_initializer="ones")(keras.layers.Flatten()(images))
    critic = keras.Model(images, keras.layers.Reshape(())(x))
    reals, fakes = RNG.uniform(-1, 1, (2, 3, 4, 4, 2)).astype(np.float32)
    kernel = critic.layers[-2].kernel.numpy()
    scores_real, scores_fake = ((x.reshape(3, -1) @ kernel)[:, 0] + 1 for x in (reals, fakes))
    penalty, drift = (np.linalg.norm(kernel) - 1) ** 2, (scores_real**2).mean()

    mix = tf.constant(RNG.random((3, 1, 1, 1)), tf.float32)
    terms = critic_loss(critic, tf.constant(reals), tf.constant(fakes), mix, penalty_weight=3.0, drift_weight=0.5)
    wasserstein = scores_real.mean() - scores_fake.mean()
    expected = {"wasserstein": wasserstein, "penalty": penalty, "drift": drift}
    expected["critic_loss"] = 3 * penalty + 0.5 * drift - wasserstein
    for name, value in expected.items():
        assert float(terms[name]) == pytest.approx(value, abs=1e-5), name


def test_labels_and_images():
    labels = np.arange(7, dtype=np.uint8).reshape(1, 1, 7)
    images = from_labels(tf.constant(labels), 7)
    np.testing.assert_allclose(images[0, 0, :, 0], np.linspace(-1, 1, 7), atol=1e-6)
    np.testing.assert_array_equal(to_labels(images, 7), labels)
    odd = tf.constant([-3.0, -0.84, -0.83, 0.16, 0.17, 7.0])[None, None, :, None]
    assert to_labels(odd, 7).numpy().tolist() == [[[0, 0, 1, 3, 4, 6]]]
    assert to_labels(odd, 2).numpy().tolist() == [[[0, 0, 0, 1, 1, 1]]]


def test_label_maps_at_lower_levels_are_means_of_the_full_size_then_rounded():
    labels = RNG.integers(0, 7, (3, 8, 8)).astype(np.uint8)
    images = from_labels(tf.constant(labels), 7)
    means = labels.reshape(3, 2, 4, 2, 4).mean((2, 4))
    rounded = np.rint(means)  # not the rounded means of rounded means
    np.testing.assert_array_equal(reals_at_level(images, 0, round_levels=7), images)
    np.testing.assert_allclose(reals_at_level(images, 2)[..., 0], means / 3 - 1, atol=1e-6)
    np.testing.assert_allclose(reals_at_level(images, 2, round_levels=7)[..., 0], rounded / 3 - 1, atol=1e-6)
    coarse = rounded.mean((1, 2), keepdims=True).repeat(2, 1).repeat(2, 2)
    faded = reals_at_level(images, 2, tf.constant(0.25), round_levels=7)
    np.testing.assert_allclose(faded[..., 0], (0.75 * rounded + 0.25 * coarse) / 3 - 1, atol=1e-6)


def test_halves_round_to_even():
    for low, even in ((0, 0), (1, 2), (2, 2), (5, 6)):
        labels = tf.constant([[[low, low + 1], [low + 1, low]]], tf.uint8)
        half = reals_at_level(from_labels(labels, 7), 1, round_levels=7)
        assert float(half[0, 0, 0, 0]) == pytest.approx(even / 3 - 1, abs=1e-6)


def test_published_schedule():
    schedule = ProgressiveSchedule(256)
    assert schedule.at(0) == Stage(6.0, 4, 128, 1e-3, 160_000)
    assert schedule.at(900_000) == Stage(5.5, 8, 128, 1e-3, 140_000)
    assert schedule.at(7_200_000) == schedule.at(12_000_000) == Stage(0.0, 256, 8, 1e-3, 40_000)
    assert ProgressiveSchedule(1024).at(12_000_000).learning_rate == 1.5e-3
    looks = list(schedule.positions())
    assert looks[:3] == [0, 512, 1024]
    assert np.diff(looks).min() == 32
    assert looks[-1] < 12_000_000 <= looks[-1] + 32


def test_the_papers_ticks():
    """Foroozandeh 2020, 4.1: 205 of them; the lowest distances at the 86th, 7.2401 M, and the 89th, 7.3601 M images."""
    shown = list(ProgressiveSchedule(256).ticks().values())
    assert len(shown) == 205 and shown[-1] == 12_000_000
    assert [round(shown[number - 1] / 1e6, 4) for number in (86, 89)] == [7.2401, 7.3601]


def test_a_schedule_without_fades_switches_at_once():
    schedule = ProgressiveSchedule(8, stable_images=10, fade_images=0)
    assert [schedule.at(shown).lod for shown in (0, 9, 10, 30)] == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resolution": 48}, "power of two.*48"),
        ({"stable_images": 0, "fade_images": 0}, "0 and 0"),
        ({"fade_images": -1}, "-1"),
        ({"total_images": 0}, "total_images"),
        ({"repeats": 0}, "repeats"),
        ({"minibatch": {4: 8}}, "minibatch at 8 pixels.*none"),
        ({"tick_images": {4: 1}}, "tick_images at 8 pixels"),
    ],
)
def test_schedules_refused(changes, message):
    with pytest.raises(InputError, match=message):
        ProgressiveSchedule(**{"resolution": 8, **changes})


def test_networks_of_another_size_are_refused():
    gan = small_gan()
    with pytest.raises(InputError, match=r"generator.*3 levels.*16 pixels.*found 2"):
        ProgressiveGan(gan.generator, gan.critic, gan.average, ProgressiveSchedule(16), seed=0)


def test_minibatches_that_cannot_be_grouped_are_refused():
    with pytest.raises(InputError, match=r"minibatch at 4 pixels.*multiple of 4.*6"):
        small_gan(minibatch=6)


def test_each_phase_moves_its_levels_with_fresh_optimisers(eager):
    gan = small_gan()
    lods, steps = [], []
    for shown, levels in ((0, (0, 0)), (8, (0, 0)), (16, (0, 1)), (24, (0, 1)), (32, (1, 1)), (40, (1, 1))):
        before = weights(gan)
        terms, images = gan.step(draw, shown)
        assert images == 8
        assert all(np.isfinite(value) for value in terms.values())
        for network, old, new in zip((gan.generator, gan.critic, gan.average), before, weights(gan)):
            used = {id(variable) for variable in network.view(*levels).trainable_variables}
            for variable, one, two in zip(network.trainable_variables, old, new):
                assert (id(variable) in used) != np.array_equal(one, two), variable.name
        lods.append(float(terms["lod"]))
        steps.append([int(optimizer.iterations) for optimizer in (gan.generator_optimizer, gan.critic_optimizer)])
    np.testing.assert_allclose(lods, [1, 1, 2 / 3, 1 / 3, 0, 0], atol=1e-6)
    assert steps == [[2, 2], [4, 4]] * 3


def test_average_follows_the_generator_one_step_behind():
    gan = small_gan(average_decay=0.75)
    start = weights(gan)[0]
    np.testing.assert_array_equal(start[0], weights(gan)[2][0])
    position = tf.constant(0, tf.int64)
    average = start
    for _ in range(2):
        before = weights(gan)[0]
        gan.critic_step(draw(position, 4), position, 0, 0)
        gan.generator_step(4, position, 0, 0)
        average = [0.75 * mean + 0.25 * value for mean, value in zip(average, before)]
    for mean, ours in zip(average, weights(gan)[2]):
        np.testing.assert_allclose(ours, mean, atol=1e-6)


def test_first_step_after_a_reset_has_the_size_of_the_learning_rate():
    gan = small_gan()
    for shown in (0, 8):
        gan.step(draw, shown)
    gan._enter(gan.schedule.at(16))
    before = weights(gan)[1]
    position = tf.constant(16, tf.int64)
    gan.critic_step(draw(position, 4), position, 0, 1)
    moved = np.concatenate([np.abs(new - old).ravel() for old, new in zip(before, weights(gan)[1])])
    # Adam without momentum on fresh moments: the learning rate, for any gradient far above epsilon.
    assert moved.max() == pytest.approx(1e-3, rel=1e-3)
    assert np.median(moved[moved > 0]) == pytest.approx(1e-3, rel=1e-2)


def spoil(gan):
    """Other weights, so that nothing is right by chance."""
    for network in (gan.generator, gan.critic, gan.average):
        for variable in network.trainable_variables:
            variable.assign(tf.zeros(variable.shape))


def test_continues_inside_a_fade_bit_for_bit(tmp_path):
    gan = small_gan()
    gan.step(draw, 16)
    saved = gan.parts().write(str(tmp_path / "inside"))
    latents = RNG.normal(size=(3, 6))
    sample = gan.sample(latents)

    def continued():
        terms = [gan.step(draw, shown)[0] for shown in (24, 32)]
        return [{name: float(value) for name, value in one.items()} for one in terms], weights(gan)

    terms, ends = continued()
    spoil(gan)
    gan.parts().read(saved).assert_consumed()
    again, other_ends = continued()
    assert terms == again
    for one, two in zip(ends, other_ends):
        for ours, theirs in zip(one, two):
            np.testing.assert_array_equal(ours, theirs)

    # Two compiled copies of one step may round sums differently, and Adam without momentum makes much of that: of a
    # second network the state is the same to the bit, its next losses nearly.
    other = small_gan()
    spoil(other)
    other.parts().read(saved).assert_consumed()
    np.testing.assert_array_equal(other.sample(latents), sample)
    for name, value in other.step(draw, 24)[0].items():
        assert float(value) == pytest.approx(terms[0][name], rel=1e-2), name


def test_a_step_is_a_function_of_state_and_images_shown(tmp_path, eager):
    gan = small_gan()
    before = gan.parts().write(str(tmp_path / "before"))

    def stepped(shown):
        gan.parts().read(before).assert_consumed()
        gan.step(draw, shown)
        return np.concatenate([value.ravel() for network in weights(gan) for value in network])

    first, again, other = stepped(0), stepped(0), stepped(1)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_samples_are_the_averages_images_enlarged_to_full_size():
    gan = small_gan()
    latents = RNG.normal(size=(3, 6)).astype(np.float32)
    for network in (gan.generator, gan.critic):
        for variable in network.trainable_variables:
            variable.assign(tf.zeros(variable.shape))
    expected = gan.average.stable[0](latents).numpy().repeat(2, 1).repeat(2, 2)
    np.testing.assert_allclose(gan.sample(latents), expected, atol=1e-5)
    gan._enter(gan.schedule.at(20))
    gan.average.fade.fraction.assign(0.5)
    np.testing.assert_allclose(gan.sample(latents), gan.average.fading[0](latents), atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.long)])
def test_half_precision_trains(policy, eager):
    exact = float(small_gan().step(draw, 16)[0]["gradient_norm"])
    backend.set_precision(policy)
    try:
        gan = small_gan()
        before = weights(gan)
        terms = gan.step(draw, 16)[0]
    finally:
        backend.set_precision("float32")
    assert float(terms["gradient_norm"]) == pytest.approx(exact, rel=0.05)
    assert all(np.isfinite(value) for value in terms.values())
    for old, new in zip(before, weights(gan)):
        assert any(not np.array_equal(one, two) for one, two in zip(old, new))
