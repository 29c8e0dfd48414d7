"""SPADE's generator: label maps to images (Park 2019), for any size, label and image channels.

Source: NVlabs/SPADE models/networks/generator.py, architecture.py, normalization.py; without the
VAE and without instance maps, as Foroozandeh & Eklund (2020) used it.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.errors import InputError
from tf_ganaug.models.layers import exact_moments, unbiased
from tf_ganaug.models.patch_discriminator import xavier
from tf_ganaug.models.pggan_layers import NearestDouble
from tf_ganaug.models.sizes import require_multiple
from tf_ganaug.models.spectral_norm import SpectralConv2D


@keras.utils.register_keras_serializable("tf_ganaug")
class SpatiallyAdaptiveNorm(keras.layers.Layer):
    """Batch normalisation without parameters, scaled and shifted pixel by pixel: norm(x) (1 + gamma) + beta.

    `training=True` normalises by mean and (biased) variance over (N, H, W) of all replicas' minibatches,
    which must be of one size, and moves the running statistics by a tenth towards them, the variance's
    unbiased as in PyTorch. `training=False` uses the running statistics. float32 whatever the policy.
    Keras' layer keeps the biased variance.

    Inputs [x, gamma, beta], each (N, H, W, C); output (N, H, W, C).
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs):
        # A float32 layer: Keras would otherwise round the statistics through the half type.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape):
        shape = (int(input_shape[0][-1]),)
        self.mean = backend.add_statistic(self, "mean", shape, "zeros")
        self.variance = backend.add_statistic(self, "variance", shape, "ones")
        super().build(input_shape)

    def call(self, inputs, training=False):
        x, gamma, beta = inputs
        centred, variance = self._centred(x) if training else (x - self.mean, self.variance)
        return centred * tf.math.rsqrt(variance + self.epsilon) * (1.0 + gamma) + beta

    def _centred(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """`x` less its mean, and the biased variance, of all replicas' minibatches; the running statistics follow."""
        centred, mean, variance = exact_moments(x, [0, 1, 2], replicas.mean)
        mean, variance = mean[0, 0, 0], variance[0, 0, 0]
        for running, now in ((self.mean, mean), (self.variance, unbiased(variance, x))):
            running.assign(self.momentum * running + (1.0 - self.momentum) * now)
        return centred, variance

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


def _conv(filters: int, name: str, **kwargs) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=xavier(), name=name, **kwargs)


def _spade(x, labels, hidden: int, name: str):
    """Normalises x, with scale and shift from the labels, which are at the resolution of x."""
    shared = _conv(hidden, f"{name}.mlp_shared.0", activation="relu")(labels)
    gamma = _conv(x.shape[-1], f"{name}.mlp_gamma")(shared)
    beta = _conv(x.shape[-1], f"{name}.mlp_beta")(shared)
    return SpatiallyAdaptiveNorm(name=f"{name}.param_free_norm")([x, gamma, beta])


def _block(x, labels, filters: int, hidden: int, name: str):
    """SPADE, leaky ReLU, 3 x 3, twice, plus x; plus a 1 x 1 of SPADE(x) where the channels change."""
    # The original resizes labels by nearest neighbour, which takes the first pixel of each step.
    step = labels.shape[1] // x.shape[1]
    labels = labels[:, ::step, ::step]
    maps = x.shape[-1]
    middle = min(maps, filters)
    y = keras.layers.LeakyReLU(0.2)(_spade(x, labels, hidden, f"{name}.norm_0"))
    y = SpectralConv2D(middle, 3, name=f"{name}.conv_0")(y)
    y = keras.layers.LeakyReLU(0.2)(_spade(y, labels, hidden, f"{name}.norm_1"))
    y = SpectralConv2D(filters, 3, name=f"{name}.conv_1")(y)
    if maps != filters:
        x = _spade(x, labels, hidden, f"{name}.norm_s")
        x = SpectralConv2D(filters, 1, use_bias=False, name=f"{name}.conv_s")(x)
    return keras.layers.Add()([x, y])


def _plan(ngf: int, upsamplings: int) -> list[tuple[str, int, bool]]:
    """Blocks as (name, feature maps, whether the maps are doubled in size before it)."""
    plan = [
        ("head_0", 16 * ngf, False),
        ("G_middle_0", 16 * ngf, True),
        ("G_middle_1", 16 * ngf, upsamplings >= 6),
        ("up_0", 8 * ngf, True),
        ("up_1", 4 * ngf, True),
        ("up_2", 2 * ngf, True),
        ("up_3", ngf, True),
        ("up_4", ngf // 2, True),
    ]
    # As many blocks as have the doublings asked for; head_0, and G_middle_1 up to 5, have none.
    return plan[: upsamplings + (2 if upsamplings <= 5 else 1)]


def generator(
    height: int,
    width: int,
    label_channels: int,
    image_channels: int,
    ngf: int = 64,
    upsamplings: int = 5,
    hidden: int = 128,
) -> keras.Model:
    """One-hot label maps (N, height, width, label_channels) to images (N, height, width, image_channels) in [-1, 1].

    Starts at 1 / 2^upsamplings of the size. The original has 5 ("normal"), 6 ("more", for 256 x 512) and 7
    ("most"); with 2 to 4 the last blocks are left out, which leaves its coarser scales as they are.

    Args:
        height: multiple of 2^upsamplings, at least twice that.
        width: likewise.
        label_channels: classes.
        image_channels: of the images.
        ngf: feature maps of block `up_3`; 64 in the original, 16 times that at the start.
        upsamplings: 2 to 7.
        hidden: feature maps between labels and scale and shift; 128 in the original.

    Raises:
        InputError: for a size or depth the network cannot have.
    """
    if not 2 <= upsamplings <= 7:
        raise InputError("SPADE's 'upsamplings'", "2 to 7", str(upsamplings), "choose one of these")
    require_multiple(height, width, 2**upsamplings)
    if min(height, width) < 2 << upsamplings:
        # On a single pixel the statistics of a batch of one image would erase it.
        expected = f"at least {2 << upsamplings} pixels for {upsamplings} upsamplings"
        raise InputError(f"image size {height} x {width}", expected, str(min(height, width)), "choose fewer")
    labels = keras.Input((height, width, label_channels), name="labels")
    step = 2**upsamplings
    x = _conv(16 * ngf, "fc")(labels[:, ::step, ::step])
    for name, filters, up in _plan(ngf, upsamplings):
        x = NearestDouble()(x) if up else x
        x = _block(x, labels, filters, hidden, name)
    x = _conv(image_channels, "conv_img")(keras.layers.LeakyReLU(0.2)(x))
    return keras.Model(labels, keras.layers.Activation("tanh", dtype="float32")(x), name="generator")
