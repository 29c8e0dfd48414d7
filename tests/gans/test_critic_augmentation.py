"""The strength of a critic's augmentation; every GAN trains with it, and an adaptive training continues exactly."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.gans import test_pix2pix, test_pix2pixhd, test_progressive, test_spade, test_wgan_gp
from tf_ganaug.data.pipeline import Minibatches
from tf_ganaug.gans.critic_augmentation import EVERY, MOST, PACE, CriticAugmentation
from tf_ganaug.gans.train import Schedule, train_gan
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan
from tf_ganaug.random import fold
from tf_ganaug.run import RunFolder, read_metrics
from tf_ganaug.steps import WHOLE

pytestmark = pytest.mark.usefixtures("eager_file")

SHAPE = (4, 4, 1)


def signs(value):
    return {"augment_sign": tf.constant(value)}


def test_the_strength_moves_every_few_minibatches_and_no_faster_than_its_pace():
    one = CriticAugmentation("adaptive", images=1000)
    strengths = [float(one.follow(signs(0.9), 5)["augment_strength"]) for _ in range(3 * EVERY)]
    step = 5 * EVERY / (PACE * 1000)
    np.testing.assert_allclose(strengths, np.repeat([0, step, 2 * step, 3 * step], [EVERY - 1, EVERY, EVERY, 1]), 1e-6)
    for _ in range(10 * EVERY):
        top = one.follow(signs(1.0), 5)["augment_strength"]
    assert float(top) == pytest.approx(MOST)
    # The mean over the minibatches counts, not the last.
    fallen = [one.follow(signs(value), 5)["augment_strength"] for value in (-1.0, 0.9, 0.9, 0.9)]
    assert float(fallen[-1]) == pytest.approx(MOST - step)
    for _ in range(10 * EVERY):
        bottom = one.follow(signs(0.0), 5)["augment_strength"]
    assert float(bottom) == 0.0


def gan_that_stays(direction, augmentation):
    """Of learning rate 0: a linear critic, and fakes that are noise."""
    latents = keras.Input((16,))
    same = keras.layers.Dense(16, kernel_initializer=keras.initializers.Identity())(latents)
    generator = keras.Model(latents, keras.layers.Reshape(SHAPE)(same))
    images = keras.Input(SHAPE)
    scores = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    critic = keras.Model(images, keras.layers.Reshape(())(scores))
    critic.set_weights([direction.reshape(16, 1), np.zeros(1)])
    return WganGp(generator, critic, 16, 0.0, 0.5, 0.9, 10.0, seed=3, augmentation=augmentation)


@pytest.mark.parametrize("overfits", [True, False])
def test_the_strength_rises_while_the_critic_overfits_and_falls_otherwise(overfits):
    """Four reals are noise, as the fakes are; one critic has learned them by heart, the other knows no image."""
    rng = np.random.default_rng(1)
    known = rng.normal(size=(4, *SHAPE))
    by_heart = np.linalg.lstsq(known.reshape(4, 16), np.ones(4), rcond=None)[0]  # scores each of them 1
    reals = known.repeat(4, 0)
    augmentation = CriticAugmentation("adaptive", images=25600, colours=1)
    augmentation.strength.assign(0.1)
    gan = gan_that_stays(by_heart if overfits else rng.normal(size=SHAPE), augmentation)
    minibatches = Minibatches(16, lambda number: number, lambda number, _: tf.constant(reals, tf.float32))
    iterations = gan.iterations(minibatches, EVERY, 0)
    strengths = [0.1] + [float(next(iterations)[0]["augment_strength"]) for _ in range(3)]
    assert all((np.diff(strengths) > 0) if overfits else (np.diff(strengths) < 0)), strengths


def wgan_gp(made):
    gan = test_wgan_gp.small_gan(augmentation=made)
    reals = Minibatches(4, lambda number: number, lambda *_: tf.constant(test_wgan_gp.REALS))
    # The second iteration, the first with both steps.
    return gan, [gan.generator, gan.critic], lambda _: next(gan.iterations(reals, 1, 1))[0]


def pggan(made):
    gan = test_progressive.small_gan(augmentation=made)
    # In a fade, and at the full size of 8 pixels.
    return gan, [gan.generator, gan.critic], lambda number: gan.step(test_progressive.draw, 16 + 16 * number)[0]


def spade(made):
    gan = test_spade.small_gan(augmentation=made)
    pairs = test_spade.LABELS, test_spade.IMAGES
    return gan, [gan.generator, gan.discriminator], lambda number: gan.step(*pairs, number)


def pix2pix(made):
    gan = test_pix2pix.small_gan(augmentation=made)
    pairs = test_pix2pix.LABELS, test_pix2pix.IMAGES
    return gan, [gan.generator, gan.discriminator], lambda number: gan.step(*pairs, number)


def pix2pixhd(made):
    gan = test_pix2pixhd.small_gan(pool_size=1, augmentation=made)
    pairs = test_pix2pixhd.LABELS, test_pix2pixhd.IMAGES
    return gan, [gan.generator, gan.discriminator], lambda number: gan.step(*pairs, number)


@pytest.mark.parametrize("build", [wgan_gp, pggan, spade, pix2pix, pix2pixhd])
def test_every_gan_trains_with_it(build, tmp_path):
    """Both networks move, by what the critic saw: from one state, each kind has losses of its own."""
    gan, networks, step = build(None)
    begin = gan.parts().write(str(tmp_path / "begin"))
    before = [np.concatenate([v.numpy().ravel() for v in one.trainable_variables]) for one in networks]
    found = {}
    for kind in ("none", "diff", "adaptive"):
        gan.augmentation = CriticAugmentation(kind, 11, 1, True, 1000)
        gan.parts().read(begin)
        if kind == "adaptive":
            gan.augmentation.strength.assign(0.5)
        terms = {name: float(value) for name, value in step(0).items()}
        assert all(np.isfinite(value) for value in terms.values())
        for one, old in zip(networks, before):
            new = np.concatenate([v.numpy().ravel() for v in one.trainable_variables])
            assert np.isfinite(new).all() and np.mean(new != old) > 0.3
        assert ("augment_strength" in terms) == ("augment_sign" in terms) == (kind == "adaptive")
        assert hasattr(gan.parts(), "augmentation") == (kind != "none")
        found[kind] = [value for name, value in terms.items() if name.endswith("loss") and "l1" not in name]
    for one, other in combinations(found.values(), 2):
        assert np.not_equal(one, other).all()


def test_without_it_pairs_are_the_same_tensors():
    """So that the numbers are those of a GAN that knows none."""
    none, pairs = CriticAugmentation("none", 11, 1, True, 1000), tf.zeros((2, 4, 4, 3))
    change = none.drawn(WHOLE, 2, 0, 0)
    assert change(pairs) is pairs
    condition, images = tf.zeros((2, 4, 4, 2)), tf.zeros((2, 4, 4, 1))
    seen = none.paired(change, condition, images)
    assert seen[0] is condition and seen[1] is images
    terms = {"critic_loss": tf.constant(1.0)}
    assert none.follow(terms, 4) == terms and none.sign(pairs, pairs) == {} and none.parts() == {}


def test_a_step_draws_the_same_again_and_another_step_another():
    gan = test_wgan_gp.small_gan(augmentation=CriticAugmentation("diff", 11, 2))
    saved = gan.critic.get_weights()

    def loss(step):
        gan.critic.set_weights(saved)
        return float(gan.generator_step(tf.constant(step, tf.int64))["generator_loss"])

    gan.latents = lambda count, step, stream: tf.ones((count, 6))  # else these differ too
    gan.generator_optimizer.learning_rate = 0.0
    first, again, other = loss(3), loss(3), loss(4)
    assert first == again and first != other


def test_an_interrupted_adaptive_training_continues_exactly(tmp_path):
    """Its strength, and the signs of a move that is not due yet, are in the checkpoint."""

    def finish(number, _):
        return tf.random.stateless_uniform((4, 8, 8, 2), fold(5, number))

    reals = Minibatches(4, lambda number: number, finish)

    def train(place, iterations):
        keras.utils.set_random_seed(1)
        networks = dcgan.generator(8, 8, 2, dim=2, latent_size=4), dcgan.critic(8, 8, 2, dim=2)
        made = CriticAugmentation("adaptive", 11, 1, True, images=1600)
        made.strength.assign(0.4)
        gan = WganGp(*networks, 4, 1e-3, 0.5, 0.9, 10.0, seed=7, augmentation=made)
        # Three minibatches an iteration, so that an interval of four is under way where the training stops.
        iterate = partial(gan.iterations, reals, 3)
        schedule = Schedule.regular(iterations, 1, 99, 2)
        train_gan(RunFolder(tmp_path / place, {}), gan.parts(), iterate, lambda *_: {}, schedule)
        return gan

    whole, _, parted = train("whole", 4), train("parted", 2), train("parted", 4)
    for one, two in zip((whole.generator, whole.critic), (parted.generator, parted.critic)):
        for ours, theirs in zip(one.get_weights(), two.get_weights()):
            np.testing.assert_array_equal(ours, theirs)
    curves = [[r["augment_strength"] for r in read_metrics(tmp_path / place)] for place in ("whole", "parted")]
    assert curves[0] == curves[1] and len(set(curves[0])) > 2
    states = [[variable.numpy() for variable in gan.augmentation.variables] for gan in (whole, parted)]
    assert states[0] == states[1]
