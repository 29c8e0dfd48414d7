"""FCN-8s: the original's sizes and parameters, the aligned form, VGG-16's weights, exact continuation."""

import math

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.counts import trained_numbers
from tf_ganaug import backend
from tf_ganaug.data.cases import LabelClass, LabelSpec
from tf_ganaug.errors import InputError
from tf_ganaug.models.caffe import CaffeInput
from tf_ganaug.models.fcn8s import MEANS, BilinearEnlargement, fcn8s
from tf_ganaug.models.vgg16 import load_vgg16
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.train import Segmenter

# Whole models in HDF5 are what users have; Keras 2.15 warns when one is written.
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")

RNG = np.random.default_rng(0)


def trunk_count(channels, filters=64):
    """VGG-16's thirteen convolutions, 3 x 3 with bias."""
    widths = [channels, *(filters * n for n in (1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8))]
    return sum(9 * a * b + b for a, b in zip(widths, widths[1:]))


def network_count(channels, classes, filters=64, fc_filters=4096):
    """The trunk, fc6 of 7 x 7, fc7, and a score of each of three maps; the enlargements are fixed."""
    dense = 49 * 8 * filters * fc_filters + fc_filters + fc_filters**2 + fc_filters
    return trunk_count(channels, filters) + dense + classes * (fc_filters + 8 * filters + 4 * filters + 3)


def test_parameters_of_the_original():
    assert trunk_count(3) == 14_714_688
    assert network_count(3, 21) == 134_362_751
    assert network_count(3, 2) == 134_270_278
    # The golden case counts the fixed kernels too: two 4 x 4 and one 16 x 16.
    assert network_count(3, 6) + (2 * 16 + 256) * 36 == 134_300_114
    for aligned in (False, True):
        model = fcn8s(64, 64, 1, 6, filters=4, fc_filters=16, aligned=aligned)
        assert trained_numbers(model) == network_count(1, 6, 4, 16)


#: Sides by layer for an image of 256 and of 500 pixels (padding 100, pooling that rounds up, no padding in fc6).
SIDES = {
    "conv1_1": (454, 698),
    "conv2_1": (227, 349),
    "conv3_1": (114, 175),
    "conv4_1": (57, 88),
    "conv5_1": (29, 44),
    "score_pool4": (29, 44),
    "fc6": (9, 16),
    "upscore2": (20, 34),
    "upscore_pool4": (42, 70),
    "upscore8": (344, 568),
}


def test_sizes_of_the_original():
    model = fcn8s(256, 500, 3, 21, filters=1, fc_filters=1)
    assert {name: tuple(model.get_layer(name).output.shape[1:3]) for name in SIDES} == SIDES
    assert model.output_shape == (None, 256, 500, 21)


def test_enlargement_is_bilinear():
    x = RNG.normal(size=(2, 3, 4, 2)).astype(np.float32)
    # Aligned, it is the resize with half-pixel centres, at the borders too.
    for factor in (2, 8):
        expected = tf.image.resize(x, (3 * factor, 4 * factor), "bilinear")
        np.testing.assert_allclose(BilinearEnlargement(factor, aligned=True)(x), expected, atol=1e-5)
    # As in the original it is wider, and the same inside.
    large = BilinearEnlargement(2, aligned=False)(x).numpy()
    assert large.shape == (2, 8, 10, 2)
    np.testing.assert_allclose(large[:, 2:-2, 2:-2], tf.image.resize(x, (6, 8), "bilinear")[:, 1:-1, 1:-1], atol=1e-5)
    np.testing.assert_allclose(large[:, 0, 0], x[:, 0, 0] / 16, atol=1e-5)


@pytest.mark.parametrize(("aligned", "size"), [(False, (37, 50)), (True, (32, 96))])
def test_scores_are_added_with_their_scales(aligned, size):
    images = RNG.normal(size=(2, *size, 1)).astype(np.float32)

    def logits(scales, scored):
        model = fcn8s(*size, 1, 2, filters=2, fc_filters=4, aligned=aligned, pool_scales=scales)
        weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
        assert len(weighted) == 18
        for number, layer in enumerate(weighted):
            deviation = math.sqrt(2 / math.prod(layer.kernel.shape[:-1]))
            kernel = np.random.default_rng(number).normal(0, deviation, layer.kernel.shape)
            layer.kernel.assign(kernel if layer.name in scored or not layer.name.startswith("score") else 0 * kernel)
        return model(images).numpy()

    alone = [logits((1.0, 1.0), [name]) for name in ("score_fr", "score_pool3", "score_pool4")]
    assert all(np.abs(part).max() > 1e-3 for part in alone)
    both = logits((0.5, 0.25), ["score_fr", "score_pool3", "score_pool4"])
    np.testing.assert_allclose(both, alone[0] + 0.5 * alone[1] + 0.25 * alone[2], atol=1e-4)
    assert both.shape == (2, *size, 2)


def test_aligned_form_refuses_sizes_its_poolings_would_round():
    with pytest.raises(InputError, match=r"multiples of 32.*48"):
        fcn8s(64, 48, 1, 2, filters=1, fc_filters=1, aligned=True)


def test_caffe_input():
    one, three = (RNG.uniform(-1, 1, (2, 4, 4, channels)).astype(np.float32) for channels in (1, 3))
    expected = 127.5 * (one + 1) - np.float32(MEANS)
    np.testing.assert_allclose(CaffeInput(MEANS)(one), expected, atol=1e-4)
    np.testing.assert_allclose(CaffeInput(MEANS)(three), 127.5 * (three[..., ::-1] + 1) - np.float32(MEANS), atol=1e-4)


def narrow_vgg16(side, top):
    """Keras' VGG-16 in its names and order, an eighth as wide."""
    images = x = keras.Input((side, side, 3))
    for block, (number, maps) in enumerate([(2, 8), (2, 16), (3, 32), (3, 64), (3, 64)], 1):
        for conv in range(1, number + 1):
            name = f"block{block}_conv{conv}"
            x = keras.layers.Conv2D(maps, 3, padding="same", activation="relu", name=name)(x)
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    if top:
        x = keras.layers.Dense(32, activation="relu", name="fc1")(keras.layers.Flatten()(x))
        x = keras.layers.Dense(32, activation="relu", name="fc2")(x)
        x = keras.layers.Dense(10, name="predictions")(x)
    model = keras.Model(images, x)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.05 * RNG.normal(size=weight.shape))
    return model


def narrow_fcn8s(side=224, **changes):
    return fcn8s(side, side, 3, 6, filters=8, fc_filters=32, aligned=True, **changes)


def stored(model, path):
    """As Keras writes it: weights by order (`.weights.h5`), or the whole model, by name."""
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)
    return path


@pytest.mark.parametrize("name", ["vgg.weights.h5", "vgg.h5"])
def test_weights_with_top_fill_the_whole_of_it(tmp_path, name):
    vgg, model = narrow_vgg16(224, top=True), narrow_fcn8s()
    assert load_vgg16(model, stored(vgg, tmp_path / name))
    images = tf.constant(RNG.normal(size=(1, 224, 224, 3)).astype(np.float32))
    ours = keras.Model(model.input, [model.get_layer("conv5_3").output, model.get_layer("fc7").output])(images)
    theirs = keras.Model(vgg.input, [vgg.get_layer("block5_conv3").output, vgg.get_layer("fc2").output])(images)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4, atol=1e-4)
    # The middle of the 7 x 7 map is where fc6 sees what VGG-16 sees.
    np.testing.assert_allclose(ours[1][:, 3, 3], theirs[1], rtol=1e-3, atol=1e-3)
    assert np.abs(theirs[1]).max() > 0.1


@pytest.mark.parametrize("name", ["vgg.weights.h5", "vgg.h5"])
def test_weights_without_top_leave_fc6_and_fc7(tmp_path, name):
    vgg, model = narrow_vgg16(64, top=False), narrow_fcn8s(64)
    before = [model.get_layer(name).get_weights() for name in ("fc6", "fc7")]
    assert not load_vgg16(model, stored(vgg, tmp_path / name))
    for layer, weights in zip(("fc6", "fc7"), before):
        for one, two in zip(model.get_layer(layer).get_weights(), weights):
            np.testing.assert_array_equal(one, two)
    kernels = [layer.get_weights() for layer in vgg.layers if hasattr(layer, "kernel")]
    ours = [layer.get_weights() for layer in model.layers if layer.name.startswith("conv")]
    for one, two in zip(kernels, ours):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])


def test_kerass_own_vgg16_fits_the_published_widths(tmp_path):
    vgg = keras.applications.VGG16(include_top=False, weights=None)
    path = stored(vgg, tmp_path / "vgg16.weights.h5")
    model = fcn8s(32, 32, 1, 2, fc_filters=4, aligned=True, caffe_input=True)
    load_vgg16(model, path)
    np.testing.assert_array_equal(
        model.get_layer("conv3_2").kernel.numpy(), vgg.get_layer("block3_conv2").kernel.numpy()
    )


def test_weights_of_another_network_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5: expected VGG-16 weights"):
        load_vgg16(narrow_fcn8s(32), tmp_path / "none.h5")
    (tmp_path / "damaged.h5").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"damaged\.h5: expected VGG-16 weights"):
        load_vgg16(narrow_fcn8s(32), tmp_path / "damaged.h5")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(InputError, match="no layer block1_conv1"):
        load_vgg16(narrow_fcn8s(32), tmp_path / "empty.h5")
    path = stored(narrow_vgg16(32, top=True), tmp_path / "other.h5")  # fc1 of a 1 x 1 map
    model = narrow_fcn8s(32)
    before = model.get_layer("conv1_1").kernel.numpy()
    with pytest.raises(InputError, match=r"\(64, 32\) of fc1 where the network has \(7, 7, 64, 32\)"):
        load_vgg16(model, path)
    np.testing.assert_array_equal(model.get_layer("conv1_1").kernel.numpy(), before)
    with pytest.raises(InputError, match=r"\(3, 3, 3, 8\) of block1_conv1 where the network has \(3, 3, 1, 8\)"):
        load_vgg16(fcn8s(32, 32, 1, 2, filters=8, fc_filters=32), path)


def test_learns_with_dropout_and_continues_exactly(tmp_path):
    labels = RNG.integers(0, 2, (4, 2, 2)).repeat(16, 1).repeat(16, 2).astype(np.uint8)
    images = tf.constant(2.0 * labels[..., None] - 1.0 + RNG.normal(0, 0.1, (4, 32, 32, 1)), tf.float32)
    spec = LabelSpec((LabelClass("background", (0,), (0, 0, 0)), LabelClass("lesion", (1,), (255, 0, 0))))

    def segmenter(seed):
        keras.utils.set_random_seed(seed)
        model = fcn8s(32, 32, 1, 2, 4, 16, aligned=True, pool_scales=(1.0, 1.0), seed=3)
        return Segmenter(model, cross_entropy, spec, backend.adam(3e-3, 0.9, 0.999), jit_compile=False)

    one = segmenter(1)
    losses = [float(one.train_step(images, labels)) for _ in range(30)]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-5)  # scores start at zero
    assert losses[-1] < 0.6 * losses[0]
    path = one.parts().write(str(tmp_path / "part"))
    after = [float(one.train_step(images, labels)) for _ in range(2)]
    two = segmenter(2)
    two.train_step(images, labels)
    two.parts().read(path).assert_consumed()
    assert [float(two.train_step(images, labels)) for _ in range(2)] == after
    for a, b in zip(one.model.get_weights(), two.model.get_weights()):
        np.testing.assert_array_equal(a, b)
