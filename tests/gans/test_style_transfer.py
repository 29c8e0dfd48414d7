"""Style transfer, on a VGG-19 with random weights in a file as the user supplies it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.gans.perceptual import TORCHVISION_FILTER
from tf_ganaug.gans.style_transfer import CONTENT_LAYER, STYLE_LAYERS, StyleTransfer

RNG = np.random.default_rng(0)
CONTENTS, STYLES = RNG.uniform(-1, 1, (2, 2, 32, 48, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def vgg():
    keras.utils.set_random_seed(1)
    return keras.applications.VGG19(include_top=False, weights=None)


@pytest.fixture(scope="module")
def transfer(vgg, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "vgg19.weights.h5"
    vgg.save_weights(path)
    return StyleTransfer(path, iterations=6, learning_rate=4.0, style_weight=1000.0)


def expected_loss(vgg, images):
    """By plain numpy on the network's own maps."""
    names = [*STYLE_LAYERS, CONTENT_LAYER]
    network = keras.Model(vgg.input, [vgg.get_layer(name).output for name in names])

    def maps(pictures):
        pixels = (pictures[..., ::-1] + 1) * 127.5 - (103.939, 116.779, 123.68)
        return [x.numpy().astype(np.float64) for x in network(tf.constant(pixels, tf.float32))]

    mine, styles, contents = maps(images), maps(STYLES), maps(CONTENTS)
    loss = ((mine[-1] - contents[-1]) ** 2).sum() / 2
    for a, b in zip(mine[:-1], styles[:-1]):
        places, count = a.shape[1] * a.shape[2], a.shape[3]
        grams = [np.stack([x.T @ x for x in one.reshape(len(one), -1, count)]) for one in (a, b)]
        loss += 1000 * ((grams[0] - grams[1]) ** 2).sum() / (4 * places**2 * count**2) / 5
    return loss


def prepared(transfer):
    def maps(images):
        pixels = (images[..., ::-1] + 1) * 127.5 - (103.939, 116.779, 123.68)
        return transfer.features(tf.constant(pixels, tf.float32))

    grams = [tf.einsum("nyxi,nyxj->nij", x, x) for x in maps(STYLES)[:-1]]
    return grams, maps(CONTENTS)[-1]


def test_loss_is_that_of_plain_numpy_and_falls(vgg, transfer):
    images = RNG.uniform(-1, 1, CONTENTS.shape).astype(np.float32)
    loss = float(transfer.loss(tf.constant(images), *prepared(transfer)))
    assert loss == pytest.approx(expected_loss(vgg, images), rel=1e-3)
    made = transfer(CONTENTS, STYLES)
    assert made.shape == CONTENTS.shape and np.abs(made).max() <= 1
    assert expected_loss(vgg, made) < 0.9 * expected_loss(vgg, CONTENTS)


def test_each_image_is_optimised_for_itself_and_repeats(transfer):
    both = transfer(CONTENTS, STYLES)
    np.testing.assert_array_equal(both, transfer(CONTENTS, STYLES))
    np.testing.assert_allclose(transfer(CONTENTS[1:], STYLES[1:]), both[1:], atol=2e-2)


def test_grey_images_stay_grey(transfer):
    made = transfer(CONTENTS[:1, ..., :1], STYLES[:1, ..., :1])
    assert made.shape == (1, 32, 48, 1) and (made != CONTENTS[:1, ..., :1]).any()


@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.long)])
def test_half_precision_gives_the_same_pictures(vgg, transfer, tmp_path, policy):
    """The squares of maps of thousands, and their gradients, have no place in float16."""
    vgg.save_weights(tmp_path / "vgg19.weights.h5")
    backend.set_precision(policy)
    try:
        half = StyleTransfer(tmp_path / "vgg19.weights.h5", iterations=6, learning_rate=4.0, style_weight=1000.0)
        made = half(CONTENTS, STYLES)
    finally:
        backend.set_precision("float32")
    np.testing.assert_array_equal(made, transfer(CONTENTS, STYLES))


def test_a_file_of_something_else(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5: expected VGG-19 weights"):
        StyleTransfer(tmp_path / "none.h5", 1, 1.0, 1.0)


def test_torchvisions_weights_are_refused(vgg, tmp_path):
    kernel, bias = vgg.get_layer("block1_conv1").get_weights()
    changed = kernel.copy()
    changed[..., 0] = TORCHVISION_FILTER.transpose(1, 2, 0)
    try:
        vgg.get_layer("block1_conv1").set_weights([changed, bias])
        vgg.save_weights(tmp_path / "rgb.weights.h5")
    finally:
        vgg.get_layer("block1_conv1").set_weights([kernel, bias])
    with pytest.raises(InputError, match=r"rgb\.weights\.h5: expected Keras' own VGG-19 weights .* torchvision's"):
        StyleTransfer(tmp_path / "rgb.weights.h5", 1, 1.0, 1.0)
