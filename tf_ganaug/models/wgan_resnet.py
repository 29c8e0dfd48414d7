"""The "Good" residual pair of WGAN-GP, for any power-of-two size and any number of channels.

Source: improved_wgan_training gan_64x64.py, GoodGenerator and GoodDiscriminator.
"""

from __future__ import annotations

import math

import keras

from tf_ganaug.models.dcgan import he_deviation, uniform
from tf_ganaug.models.layers import BatchStatisticsNorm, ImageLayerNorm
from tf_ganaug.models.sizes import halvings, require_power_of_two


def _width(short: int, size: int, dim: int) -> int:
    """Feature maps at `size` pixels: dim at full size, doubled at each halving up to 8 dim."""
    return min(8 * dim, dim * short // size)


def _conv(maps_in: int, maps: int, kernel: int, name: str, he: bool = True, bias: bool = True):
    fans = maps_in * kernel**2, maps * kernel**2
    deviation = he_deviation(*fans) * (1.0 if he else math.sqrt(0.5))
    return keras.layers.Conv2D(
        maps, kernel, padding="same", use_bias=bias, kernel_initializer=uniform(deviation), name=name
    )


def _residual(x, maps: int, name: str, norm: type[keras.layers.Layer], up: bool):
    """Pre-activation block: norm, ReLU, 3 x 3 (no bias), norm, ReLU, 3 x 3, plus a 1 x 1 shortcut.

    Upwards, nearest doubling stands before the first convolution and before the shortcut's;
    downwards, the mean over 2 x 2 follows the second and stands before the shortcut's.
    """
    resize = keras.layers.UpSampling2D(2) if up else keras.layers.AveragePooling2D(2)
    maps_in = x.shape[-1]
    inner = maps if up else maps_in
    shortcut = _conv(maps_in, maps, 1, f"{name}.Shortcut", he=False)(resize(x))
    y = keras.layers.ReLU()(norm(name=f"{name}.BN1")(x))
    y = resize(y) if up else y
    y = _conv(maps_in, inner, 3, f"{name}.Conv1", bias=False)(y)
    y = keras.layers.ReLU()(norm(name=f"{name}.BN2")(y))
    y = _conv(inner, maps, 3, f"{name}.Conv2")(y)
    return keras.layers.Add()([shortcut, y if up else resize(y)])


def generator(height: int, width: int, channels: int, dim: int = 64, latent_size: int = 128) -> keras.Model:
    """Latents (N, latent_size) ~ N(0, 1) to images (N, height, width, channels) in [-1, 1].

    Raises:
        InputError: unless both sizes are powers of two of at least 8.
    """
    require_power_of_two(height, width, smallest=8)
    steps = halvings(height, width, smallest=4)
    short = min(height, width)
    base = (height >> steps, width >> steps, _width(short, 4, dim))
    latents = keras.Input((latent_size,), name="latents")
    x = keras.layers.Dense(
        math.prod(base),
        kernel_initializer=uniform(math.sqrt(2.0 / (latent_size + math.prod(base)))),
        name="Generator.Input",
    )(latents)
    x = keras.layers.Reshape(base)(x)
    for step in range(1, steps + 1):
        maps = _width(short, 4 << step, dim)
        x = _residual(x, maps, f"Generator.Res{step}", BatchStatisticsNorm, up=True)
    x = keras.layers.ReLU()(BatchStatisticsNorm(name="Generator.OutputN")(x))
    x = _conv(x.shape[-1], channels, 3, "Generator.Output")(x)
    return keras.Model(latents, keras.layers.Activation("tanh", dtype="float32")(x), name="generator")


def critic(height: int, width: int, channels: int, dim: int = 64) -> keras.Model:
    """Images (N, height, width, channels) in [-1, 1] to scores (N,), float32.

    Raises:
        InputError: unless both sizes are powers of two of at least 8.
    """
    require_power_of_two(height, width, smallest=8)
    steps = halvings(height, width, smallest=4)
    short = min(height, width)
    images = keras.Input((height, width, channels), name="images")
    x = _conv(channels, dim, 3, "Discriminator.Input", he=False)(images)
    for step in range(1, steps + 1):
        maps = _width(short, short >> step, dim)
        x = _residual(x, maps, f"Discriminator.Res{step}", ImageLayerNorm, up=False)
    x = keras.layers.Flatten(dtype="float32")(x)
    scores = keras.layers.Dense(
        1,
        kernel_initializer=uniform(math.sqrt(2.0 / (x.shape[-1] + 1))),
        dtype="float32",
        name="Discriminator.Output",
    )(x)
    return keras.Model(images, keras.layers.Reshape((), dtype="float32")(scores), name="critic")
