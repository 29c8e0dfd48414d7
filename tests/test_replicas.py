"""Two devices make the numbers of one, and a minibatch in parts those of a whole one where nothing is pooled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.errors import InputError
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.pix2pix import Pix2Pix
from tf_ganaug.gans.pix2pixhd import Pix2PixHD
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.spade import LinearDecay, Spade
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan, patch_discriminator, pggan, pix2pix, pix2pixhd, spade
from tf_ganaug.models.deepmedic import WindowBatchNorm
from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.fcn8s import fcn8s
from tf_ganaug.models.layers import BatchNormalization, BatchStatisticsNorm
from tf_ganaug.models.pggan_layers import MinibatchDeviation
from tf_ganaug.models.pspnet import pspnet, rate_multipliers
from tf_ganaug.models.resnet import BatchNorm
from tf_ganaug.models.unet import foroozandeh_unet, neff_unet, ronneberger_unet
from tf_ganaug.models.uresnet import uresnet
from tf_ganaug.segment.deepmedic import patch_deepmedic
from tf_ganaug.segment.losses import auxiliary_cross_entropy, cross_entropy, weighted_dice_loss
from tf_ganaug.segment.rmsprop import deepmedic_rmsprop
from tf_ganaug.segment.train import Segmenter

SPEC = LabelSpec.from_names({0: "background", 1: "disc", 2: "square"})
CLASSES, BATCH = 3, 4

#: Minibatches of the progressive GAN's levels: four groups of the minibatch deviation, two, and one.
LEVELS = {4: 16, 8: 8, 16: 4}


def pairs(number: int, side: int, channels: int = 1, count: int = BATCH) -> tuple[tf.Tensor, tf.Tensor]:
    """Images and labels of noise, the first with ignored pixels, so that the devices count different numbers."""
    rng = np.random.default_rng(number)
    labels = rng.integers(0, CLASSES, (count, side, side)).astype(np.uint8)
    labels[0, :5] = IGNORE
    return tf.constant(rng.uniform(-1, 1, (count, side, side, channels)).astype(np.float32)), tf.constant(labels)


def wgan_gp(side=32, augmentation=None):
    networks = dcgan.generator(side, side, 2, 4, 8), dcgan.critic(side, side, 2, 4)
    # The bias of the scores has no gradient but rounding errors, by whose sign Adam moves it; hence the low rate.
    gan = WganGp(*networks, BATCH, 1e-5, 0.5, 0.9, 10.0, seed=0, augmentation=augmentation)

    def step(number):
        place = tf.constant(number, tf.int64)
        terms = {**gan.generator_step(place), **gan.critic_step(pairs(number, side, 2)[0], place)}
        return gan.augmentation.follow(terms, BATCH)

    return step, networks, [gan.generator_optimizer, gan.critic_optimizer]


def progressive(side=16):
    widths = {"fmap_base": 64, "fmap_max": 8}
    networks = [pggan.generator(side, side, 2, latent_size=8, **widths) for _ in range(2)]
    networks.insert(1, pggan.critic(side, side, 2, **widths))
    # As there, next to no gradient.
    schedule = ProgressiveSchedule(side, 16, 16, 200, repeats=1, minibatch=LEVELS, learning_rate=1e-5)
    gan, shown = ProgressiveGan(*networks, schedule, seed=0), [0]

    def step(_):
        terms, count = gan.step(lambda position, batch: pairs(int(position), side, 2, batch)[0], shown[0])
        shown[0] += count
        return terms

    whole = [network.stable[-1] for network in networks]
    return step, whole, [gan.generator_optimizer, gan.critic_optimizer]


def painter(side=32):
    networks = (
        spade.generator(side, side, CLASSES, 1, ngf=2, upsamplings=2, hidden=4),
        patch_discriminator.discriminator(side, side, CLASSES, 1, ndf=4),
    )
    for layer in networks[1].layers:
        if getattr(layer, "filters", 0) == 1:
            # While all scores lie between the hinges, their bias has no gradient but rounding errors, as there.
            layer.kernel.assign(50.0 * layer.kernel)
    gan = Spade(*networks, 1e-6, 4e-6)
    optimizers = [gan.generator_optimizer, gan.discriminator_optimizer]
    return lambda n: gan.step(*pairs(n, side)[::-1], n), networks, optimizers


def lesion_painter(side=32):
    networks = pix2pix.generator(side, side, CLASSES, 1, 4), pix2pix.discriminator(side, side, CLASSES, 1, 4)
    gan = Pix2Pix(*networks, CLASSES, 0)

    def step(number):
        return gan.step(*pairs(number, side)[::-1], tf.constant(number, tf.int64))

    return step, networks, [gan.generator_optimizer, gan.discriminator_optimizer]


def photograph_painter(side=32):
    networks = (
        pix2pixhd.global_generator(side, side, CLASSES, 1, 4, downsamplings=2, blocks=1),
        pix2pixhd.discriminator(side, side, CLASSES, 1, 4, 2),
    )
    gan = Pix2PixHD(*networks, LinearDecay(2e-4, 1, 100, 100), seed=0)
    optimizers = [gan.generator_optimizer, gan.discriminator_optimizer]
    return lambda number: gan.step(*pairs(number, side)[::-1], number), networks, optimizers


def segmenter(model, loss=cross_entropy, optimizer=None):
    optimizer = optimizer or backend.adam(1e-3, 0.9, 0.999)
    made = Segmenter(model, loss, SPEC, optimizer, jit_compile=False)
    return lambda number: {"loss": made.train_step(*pairs(number, model.input_shape[1]))}, [model], [optimizer]


def street_segmenter(side=33):
    model = pspnet(side, side, 1, CLASSES, 26, 4, seed=1)
    rate = keras.optimizers.schedules.PolynomialDecay(1e-3, 100, 0.0, 0.9)
    return segmenter(model, auxiliary_cross_entropy, backend.sgd(rate, 0.9, 1e-4, rate_multipliers(model)))


def patch_segmenter(side=24):
    model, loss = patch_deepmedic(side, 1, CLASSES, [3], [4] * 8, [6, 6], 1)
    return segmenter(model, loss, deepmedic_rmsprop(1e-3))


def dice_segmenter(side=16):
    loss = partial(weighted_dice_loss, weights=np.float32([0.2, 0.3, 0.5]))
    return segmenter(foroozandeh_unet(side, side, 1, CLASSES, 2, 4), loss)


GANS: dict[str, Callable] = {
    "wgan_gp": wgan_gp,
    "pggan": progressive,
    "spade": painter,
    "pix2pix": lesion_painter,
    "pix2pixhd": photograph_painter,
}

SEGMENTERS: dict[str, Callable] = {
    "unet_neff": lambda: segmenter(neff_unet(16, 16, 1, CLASSES, 2, 4)),
    "unet": lambda: segmenter(ronneberger_unet(16, 16, 1, CLASSES, 3, 4, 1)),
    "unet_weighted_dice": dice_segmenter,
    "uresnet": lambda: segmenter(uresnet(16, 16, 1, CLASSES, 4)),
    "fcn8s": lambda: segmenter(fcn8s(32, 32, 1, CLASSES, 4, 8, True, (1.0, 1.0), False, 1)),
    "pspnet": street_segmenter,
    "deepmedic": patch_segmenter,
}

TRAININGS = {**GANS, **SEGMENTERS}


def trained(name: str, devices: int = 1, parts: int = 1, steps: int = 10, build: Callable | None = None):
    """The losses of each step, and weights and moments after the last."""
    replicas.set_division(devices, parts)
    backend.begin_networks(7)
    with replicas.on_all_devices(*(LEVELS.values() if name == "pggan" else [BATCH])):
        assert tf.distribute.get_strategy().num_replicas_in_sync == devices
        step, networks, optimizers = (build or TRAININGS[name])()
    losses = [{key: float(value) for key, value in step(number).items()} for number in range(steps)]
    weights = [weight for network in networks for weight in network.get_weights()]
    return losses, weights, [v.numpy() for optimizer in optimizers for v in optimizer.variables if len(v.shape)]


def difference(one: list[dict[str, float]], other: list[dict[str, float]]) -> float:
    """The largest difference of a loss, in units of that loss: its largest value, as some pass through 0."""
    units = {key: max(abs(step[key]) for step in one) for key in one[0]}
    return max(abs(a[key] - b[key]) / max(units[key], 1e-9) for a, b in zip(one, other) for key in a)


def off(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """How far all numbers are from the others, by their norm: single ones may be no more than rounding errors."""
    one, other = (np.concatenate([array.ravel() for array in arrays]) for arrays in (one, other))
    return float(np.linalg.norm(one - other) / np.linalg.norm(one))


def require_alike(name: str, devices: int) -> None:
    one, two = trained(name), trained(name, devices)
    found = difference(one[0], two[0]), off(one[2], two[2])
    print(f"{name}: losses differ by {found[0]:.1e} at most, moments by {found[1]:.1e}")
    assert found[0] < 1e-5
    # Adam does not see a factor of the gradients, its moments do; PSPNet's norms of four values enlarge roundings.
    assert found[1] < 1e-2


@pytest.mark.parametrize("name", [pytest.param("wgan_gp", marks=pytest.mark.long), "unet_neff"])
def test_two_devices_train_as_one(name):
    require_alike(name, 2)


@pytest.mark.long
def test_an_adaptive_augmentation_is_the_same_on_two_devices():
    """Its draws are those of the whole minibatch, its boundary too, and its strength is one number."""

    def build():
        made = CriticAugmentation("adaptive", 3, 1, True, images=1000)
        made.strength.assign(0.5)
        return wgan_gp(16, made)

    one, two = (trained("wgan_gp", devices, steps=5, build=build) for devices in (1, 2))
    assert difference(one[0], two[0]) < 1e-5
    assert one[0][-1]["augment_strength"] != 0.5


@pytest.mark.long
@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_is_the_same_on_two_devices(name, eager):
    require_alike(name, 2)


def whole_labels(side=16):
    """Neff's U-Net, every pixel of whose labels counts."""
    model = neff_unet(side, side, 1, CLASSES, 2, 4)
    optimizer = backend.adam(1e-3, 0.9, 0.999)
    made = Segmenter(model, cross_entropy, SPEC, optimizer, jit_compile=False)

    def step(number):
        images, labels = pairs(number, side)
        return {"loss": made.train_step(images, tf.where(labels == IGNORE, tf.zeros_like(labels), labels))}

    return step, [model], [optimizer]


@pytest.mark.parametrize(("devices", "parts"), [(1, 4), (2, 2)])
def test_a_minibatch_in_parts_makes_the_step_of_the_whole(devices, parts):
    one, other = trained("", build=whole_labels), trained("", devices, parts, build=whole_labels)
    assert difference(one[0], other[0]) < 1e-5
    assert off(one[2], other[2]) < 1e-5


@pytest.mark.long
@pytest.mark.parametrize("name", ["pggan", "pix2pixhd"])
def test_parts_change_nothing_where_nothing_is_pooled_over_them(name, eager, monkeypatch):
    monkeypatch.setitem(LEVELS, 16, 8)  # two groups of the minibatch deviation at least
    one, other = trained(name), trained(name, parts=2)
    assert difference(one[0], other[0]) < 1e-5
    assert off(one[2], other[2]) < 1e-4


@pytest.mark.long
@pytest.mark.parametrize("name", ["wgan_gp", "spade", "pix2pix", "pspnet"])
def test_parts_on_two_devices_are_those_on_one(name, eager):
    one, other = trained(name, parts=2, steps=3), trained(name, 2, 2, steps=3)
    assert difference(one[0], other[0]) < 1e-5
    assert off(one[2], other[2]) < 1e-2


def on_two(function: Callable, whole: np.ndarray) -> np.ndarray:
    """What two devices make of a tensor, each of its own rows, put together again."""
    strategy = replicas._strategy(2)
    found = strategy.run(lambda: function(tf.constant(whole[replicas.number() :: 2])))
    return np.stack([part.numpy() for part in strategy.experimental_local_results(found)], 1).reshape(len(whole), -1)


@pytest.mark.parametrize("count", [2, 4, 8, 16])
def test_groups_of_the_minibatch_deviation_are_those_of_the_whole(count):
    images = np.random.default_rng(0).normal(size=(count, 4, 4, 3)).astype(np.float32)
    layer = MinibatchDeviation(4)
    expected = layer(images).numpy().reshape(count, -1)
    np.testing.assert_allclose(on_two(layer, images), expected, rtol=1e-6)
    replicas.set_division(2, pooled=False)
    halves = np.stack([layer(images[first::2]).numpy() for first in (0, 1)], 1).reshape(count, -1)
    np.testing.assert_allclose(on_two(layer, images), halves, rtol=1e-6)


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("kind", [BatchNorm, BatchNormalization, BatchStatisticsNorm, WindowBatchNorm])
def test_batch_norm_is_that_of_the_whole_or_of_each_device(kind, pooled):
    images = np.random.default_rng(1).normal(2, 3, (4, 3, 3, 2)).astype(np.float32)
    replicas.set_division(2, pooled=pooled)
    with replicas.on_all_devices(4):
        layer, alone = kind(), kind()
        layer.build(images.shape)
    alone.build(images.shape)
    found = on_two(lambda rows: layer(rows, training=True), images)
    parts = [images] if pooled else [images[::2], images[1::2]]
    expected = np.stack([alone(part, training=True).numpy() for part in parts], 1).reshape(4, -1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    if pooled:
        for ours, theirs in zip(layer.get_weights(), alone.get_weights()):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("whole_maps", [False, True])
def test_dropout_is_drawn_for_the_whole(whole_maps):
    images = np.random.default_rng(2).normal(size=(4, 3, 3, 5)).astype(np.float32)
    layers = []
    for strategy in (replicas._strategy(1), replicas._strategy(2)):
        with strategy.scope():
            layers.append(CountedDropout(0.5, 3, whole_maps))
            layers[-1].build(images.shape)
    for _ in range(2):
        expected = layers[0](images, training=True).numpy().reshape(4, -1)
        np.testing.assert_array_equal(on_two(lambda rows: layers[1](rows, training=True), images), expected)
    assert int(layers[1].passes.numpy()) == 2


def test_as_many_devices_as_divide_the_minibatch(capsys):
    replicas.set_division(2)
    for sizes, devices in (((4, 6), 2), ((4, 3), 1), ((1,), 1)):
        with replicas.on_all_devices(*sizes):
            assert tf.distribute.get_strategy().num_replicas_in_sync == devices
    assert capsys.readouterr().err.splitlines() == [
        "a minibatch of 3, 4: trained on 1 of 2 devices",
        "a minibatch of 1: trained on 1 of 2 devices",
    ]
    replicas.set_division(2, parts=4)
    assert [replicas.parts_of(size) for size in (1, 2, 6, 8)] == [1, 2, 2, 4]
    assert [replicas.sharing(size) for size in (1, 2, 6, 8)] == [1, 1, 3, 2]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"devices": 3}, r"devices: expected at most 2 here, found 3; this process sees .*CPU:0"),
        ({"devices": 0}, r"devices: expected at least 1, found 0"),
        ({"parts": 0}, r"accumulate: expected at least 1, found 0"),
        ({"devices": 2, "jit_compile": True}, r"devices: expected 1 with jit_compile: .*, found 2"),
    ],
)
def test_what_cannot_be_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        replicas.set_division(**asked)


def test_an_image_pool_is_refused_where_the_minibatch_is_divided():
    replicas.set_division(parts=2)
    networks = pix2pixhd.global_generator(16, 16, 3, 1, 2, 1, 1), pix2pixhd.discriminator(16, 16, 3, 1, 2, 1)
    gan = Pix2PixHD(*networks, LinearDecay(2e-4, 1, 100, 100), seed=0, pool_size=2)
    with pytest.raises(InputError, match="pool_size: expected 0 where devices or parts share a minibatch"):
        gan.step(*pairs(0, 16)[::-1], 0)
