"""PSPNet: layers against numpy, parameter counts of the original, any size, weights for the backbone, rates."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.counts import trained_numbers
from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.models.pspnet import (
    AdaptiveMean,
    AlignedBilinear,
    pspnet,
    rate_multipliers,
    without_auxiliary,
)
from tf_ganaug.models.resnet import BLOCKS, STEM, BatchNorm, ImageNetInput, backbone_layers, load_backbone
from tf_ganaug.segment.losses import auxiliary_cross_entropy

RNG = np.random.default_rng(0)


def test_batch_norm_follows_the_unbiased_variance():
    layer = BatchNorm()
    x = (3 + 2 * RNG.normal(size=(4, 1, 1, 5))).astype(np.float32)  # as after the coarsest pooling
    layer.build(x.shape)
    gamma, beta = RNG.normal(size=(2, 5)).astype(np.float32)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    running_mean, running_variance = np.zeros(5), np.ones(5)
    for _ in range(2):
        expected = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) * gamma + beta
        np.testing.assert_allclose(layer(x, training=True), expected, atol=1e-4)
        running_mean = 0.9 * running_mean + 0.1 * x.mean((0, 1, 2))
        running_variance = 0.9 * running_variance + 0.1 * x.var((0, 1, 2), ddof=1)
        np.testing.assert_allclose(layer.mean, running_mean, rtol=1e-5)
        np.testing.assert_allclose(layer.variance, running_variance, rtol=1e-5)
    expected = (x - running_mean) / np.sqrt(running_variance + 1e-5) * gamma + beta
    for _ in range(2):
        np.testing.assert_allclose(layer(x, training=False), expected, atol=1e-4)


def test_batch_norm_is_float32_inside_under_float16():
    backend.set_precision("mixed_float16")
    try:
        x = (300 * RNG.normal(size=(2, 4, 4, 3))).astype(np.float16)  # squares leave float16
        normed = BatchNorm()(x, training=True)
    finally:
        backend.set_precision("float32")
    x = x.astype(np.float64)
    np.testing.assert_allclose(normed, (x - x.mean((0, 1, 2))) / x.std((0, 1, 2)), atol=2e-3)


@pytest.mark.parametrize("size", [(12, 18), (9, 13), (4, 2)])
@pytest.mark.parametrize("bins", [1, 3, 6])
def test_adaptive_mean_is_of_bins_that_overlap_where_they_must(size, bins):
    x = RNG.normal(size=(2, *size, 3)).astype(np.float32)
    edges = [[(b * n // bins, math.ceil((b + 1) * n / bins)) for b in range(bins)] for n in size]
    expected = [[x[:, top:bottom, left:right].mean((1, 2)) for left, right in edges[1]] for top, bottom in edges[0]]
    np.testing.assert_allclose(AdaptiveMean(bins)(x), np.moveaxis(expected, 2, 0), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (3, 6), (9, 13)])
def test_resize_aligns_the_corners(size):
    x = RNG.normal(size=(2, *size, 3)).astype(np.float32)
    expected = tf.compat.v1.image.resize_bilinear(x, (17, 25), align_corners=True)
    np.testing.assert_allclose(AlignedBilinear(17, 25)(x), expected, atol=1e-5)


def conv_bn(maps_in, maps, size=1):
    return size * size * maps_in * maps + 2 * maps


def counts(classes, layers, width=64):
    """The arithmetic of the trained numbers: backbone, pyramid, head, auxiliary head; for RGB."""
    backbone = conv_bn(3, width, 3) + conv_bn(width, width, 3) + conv_bn(width, 2 * width, 3)
    maps = 2 * width
    for stage, blocks in enumerate(BLOCKS[layers]):
        inner = width << stage
        backbone += conv_bn(maps, 4 * inner)
        for _ in range(blocks):
            backbone += conv_bn(maps, inner) + conv_bn(inner, inner, 3) + conv_bn(inner, 4 * inner)
            maps = 4 * inner
    pyramid = 4 * conv_bn(maps, maps // 4)
    head = conv_bn(2 * maps, 8 * width, 3) + 8 * width * classes + classes
    auxiliary = conv_bn(16 * width, 4 * width, 3) + 4 * width * classes + classes
    return backbone, pyramid, head, auxiliary


def test_parameters_of_the_original():
    assert counts(19, 50) == (23_631_808, 4_198_400, 18_885_139, 2_364_691)
    assert counts(19, 101)[0] == 42_623_936
    model = pspnet(65, 65, 3, 19)
    assert trained_numbers(model) == sum(counts(19, 50)) == 49_080_038
    assert trained_numbers(without_auxiliary(model)) == 46_715_347
    assert trained_numbers(pspnet(33, 33, 3, 7, layers=101, filters=4)) == sum(counts(7, 101, 4))
    assert sum(counts(19, 101)) == 68_072_166


def small_network(height=33, width=41, filters=2, **changes):
    keras.utils.set_random_seed(1)
    return pspnet(height, width, 3, 5, filters=filters, **changes)


@pytest.fixture(scope="module")
def small():
    return small_network()


def test_other_sizes_are_padded_around_and_the_logits_cropped(small):
    other = small_network(30, 38)
    other.set_weights(small.get_weights())
    images = RNG.uniform(-1, 1, (1, 30, 38, 3)).astype(np.float32)
    expected = small(np.pad(images, [(0, 0), (1, 2), (1, 2), (0, 0)]), training=False)
    for one, two in zip(other(images, training=False), expected):
        np.testing.assert_allclose(one, two[:, 1:-2, 1:-2], atol=1e-4)
        assert one.dtype == tf.float32


def test_network_without_auxiliary_head_has_the_same_weights(small):
    images = RNG.uniform(-1, 1, (1, 33, 41, 3)).astype(np.float32)
    alone = without_auxiliary(small)
    np.testing.assert_array_equal(alone(images, training=False), small(images, training=False)[0])
    assert not any(layer.name.startswith("aux") for layer in alone.layers)


def test_new_layers_learn_ten_times_as_fast(small):
    names = {id(variable): layer.name for layer in small.layers for variable in layer.trainable_variables}
    multipliers = rate_multipliers(small)
    assert len(multipliers) == len(small.trainable_variables)
    for variable, multiplier in zip(small.trainable_variables, multipliers):
        part = names[id(variable)].split(".")[0]
        assert (multiplier, part.startswith("layer")) in [(1.0, True), (10.0, False)]
        assert part in {"ppm", "cls", "aux"} | {f"layer{n}" for n in range(5)}


def test_trains_all_of_it_on_both_losses():
    model = small_network(17, 25)
    labels = RNG.integers(0, 5, (4, 17, 25)).astype(np.uint8)
    images = RNG.uniform(-1, 1, (4, 17, 25, 3)).astype(np.float32)
    optimizer = backend.sgd(0.01, 0.9, 1e-4, rate_multipliers(model))
    optimizer.build(model.trainable_variables)
    before = [variable.numpy() for variable in model.trainable_variables]
    passes = [layer.passes for layer in model.layers if hasattr(layer, "passes")]
    losses = []
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = auxiliary_cross_entropy(labels, model(images, training=True))
        backend.apply_gradients(optimizer, tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        losses.append(float(loss))
    assert losses[-1] < losses[0]
    assert [int(count) for count in passes] == [4, 4]
    for old, variable in zip(before, model.trainable_variables):
        assert not np.array_equal(old, variable.numpy())


def authors_weights(model):
    """Arrays as in the authors' files for this network, among them what it does not need."""
    arrays = {"fc.weight": RNG.normal(size=(10, 4))}
    for layer in backbone_layers(model):
        name = STEM.get(layer.name, layer.name)
        if isinstance(layer, BatchNorm):
            for part in ("weight", "bias", "running_mean", "running_var"):
                arrays[f"{name}.{part}"] = RNG.uniform(0.5, 1, layer.gamma.shape).astype(np.float32)
            arrays[f"{name}.num_batches_tracked"] = np.array(0)
        else:
            height, width, maps_in, maps = layer.kernel.shape
            arrays[f"{name}.weight"] = RNG.normal(size=(maps, maps_in, height, width)).astype(np.float32)
    return arrays


def test_imagenet_weights_reach_all_of_the_backbone_and_nothing_else(tmp_path):
    model = small_network(imagenet_input=True)
    arrays = authors_weights(model)
    assert {"conv1.weight", "bn3.running_var", "layer1.0.downsample.0.weight", "layer4.2.bn3.bias"} <= set(arrays)
    np.savez(tmp_path / "resnet.npz", **arrays)
    new = [v for v, rate in zip(model.trainable_variables, rate_multipliers(model)) if rate == 10]
    before = [variable.numpy() for variable in new]
    load_backbone(model, tmp_path / "resnet.npz")
    for one, variable in zip(before, new):
        np.testing.assert_array_equal(variable.numpy(), one)
    kernel = model.get_layer("layer3.1.conv2").kernel.numpy()
    np.testing.assert_array_equal(kernel[2, 0, 1, 5], arrays["layer3.1.conv2.weight"][5, 1, 2, 0])
    np.testing.assert_array_equal(model.get_layer("layer0.4").variance, arrays["bn2.running_var"])
    np.testing.assert_array_equal(model.get_layer("layer0.6").kernel[:, :, 0, 1], arrays["conv3.weight"][1, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("layer2.1.bn1.bias"), r"no array layer2\.1\.bn1\.bias"),
        (lambda arrays: arrays.update({"conv1.weight": np.zeros((64, 3, 7, 7))}), r"conv1\.weight of shape \(7, 7, 3"),
    ],
)
def test_other_weights_are_refused_and_change_nothing(tmp_path, small, change, message):
    arrays, before = authors_weights(small), small.get_weights()
    change(arrays)
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(InputError, match=rf"other\.npz: .*{message}"):
        load_backbone(small, tmp_path / "other.npz")
    for one, two in zip(before, small.get_weights()):
        np.testing.assert_array_equal(one, two)
    (tmp_path / "torn.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:2000])
    for name in ("torn.npz", "absent.npz"):
        with pytest.raises(InputError, match=name):
            load_backbone(small, tmp_path / name)


def test_images_become_those_of_imagenet():
    images = RNG.uniform(-1, 1, (2, 3, 4, 3)).astype(np.float32)
    pixels = (images + 1) * 127.5
    expected = (pixels - 255 * np.array([0.485, 0.456, 0.406])) / (255 * np.array([0.229, 0.224, 0.225]))
    np.testing.assert_allclose(ImageNetInput()(images), expected, atol=1e-5)
    grey = ImageNetInput()(images[..., :1]).numpy()
    np.testing.assert_allclose(grey, ImageNetInput()(images[..., :1].repeat(3, -1)), atol=1e-6)


def test_starts():
    model = small_network(filters=8)
    for layer in (layer for layer in model.layers if hasattr(layer, "kernel")):
        *area, maps_in, maps = layer.kernel.shape
        kernel = layer.kernel.numpy()
        if layer in backbone_layers(model):
            deviation = math.sqrt(2 / (math.prod(area) * maps))
        else:
            deviation = 1 / math.sqrt(3 * math.prod(area) * maps_in)
            assert np.abs(kernel).max() <= math.sqrt(3) * deviation * 1.001, layer.name
        assert kernel.std() == pytest.approx(deviation, rel=0.2), layer.name


def test_other_numbers_of_layers_are_refused():
    with pytest.raises(InputError, match="layers of the ResNet: expected 14, 26, 50, 101, found 34"):
        small_network(layers=34)
