"""The DCGAN pair of WGAN-GP, for any power-of-two size and any number of channels.

Source: improved_wgan_training gan_64x64.py, DCGANGenerator and DCGANDiscriminator. Neff 2018 feeds
it image and mask concatenated along the channels.
"""

from __future__ import annotations

import math

import keras

from tf_ganaug.models.layers import BatchStatisticsNorm, ImageLayerNorm
from tf_ganaug.models.sizes import halvings, require_power_of_two

#: Standard deviation of every weight of the original pair (uniform, not normal).
ORIGINAL_DEVIATION = 0.02


def uniform(deviation: float) -> keras.initializers.Initializer:
    """Uniform on +-sqrt(3) deviation, as tflib draws every weight."""
    limit = math.sqrt(3.0) * deviation
    return keras.initializers.RandomUniform(-limit, limit)


def he_deviation(fan_in: float, fan_out: float) -> float:
    """The deviation that tflib calls He: sqrt(4 / (fan in + fan out)), strides counted in the fans."""
    return math.sqrt(4.0 / (fan_in + fan_out))


def feature_maps(short: int, size: int, dim: int) -> int:
    """Feature maps at `size` pixels of a network whose shorter side is `short`; at most 8 dim.

    The original doubles them at every halving, 64 to 4 pixels: dim, 2, 4, 8 dim. Larger networks
    keep that at the fine end and stay at 8 dim below.
    """
    return min(8 * dim, dim * short // (2 * size))


def generator(
    height: int, width: int, channels: int, dim: int = 64, latent_size: int = 128, he: bool = False
) -> keras.Model:
    """Latents (N, latent_size) ~ N(0, 1) to images (N, height, width, channels) in [-1, 1].

    Args:
        height: power of two, at least 8.
        width: power of two, at least 8.
        channels: of image and mask together.
        dim: feature maps before the last layer; 64 in the original.
        latent_size: 128 in the original.
        he: He initialisation (Neff 2018) instead of the original's deviation 0.02.

    Raises:
        InputError: for a size the network cannot make.
    """
    require_power_of_two(height, width, smallest=8)
    steps = halvings(height, width, smallest=4)
    short = min(height, width)
    maps = [feature_maps(short, 4 << i, dim) for i in range(steps)] + [channels]
    base = (height >> steps, width >> steps, maps[0])
    dense = math.prod(base)

    latents = keras.Input((latent_size,), name="latents")
    deviation = math.sqrt(2.0 / (latent_size + dense)) if he else ORIGINAL_DEVIATION
    x = keras.layers.Dense(dense, kernel_initializer=uniform(deviation), name="Generator.Input")(latents)
    x = keras.layers.Reshape(base)(x)
    for step in range(1, steps + 1):
        x = BatchStatisticsNorm(name=f"Generator.BN{step}")(x)
        x = keras.layers.ReLU()(x)
        fans = maps[step - 1] * 25 / 4, maps[step] * 25
        x = keras.layers.Conv2DTranspose(
            maps[step],
            5,
            strides=2,
            padding="same",
            kernel_initializer=uniform(he_deviation(*fans) if he else ORIGINAL_DEVIATION),
            name=f"Generator.{step + 1}",
        )(x)
    return keras.Model(latents, keras.layers.Activation("tanh", dtype="float32")(x), name="generator")


def critic(
    height: int, width: int, channels: int, dim: int = 64, negative_slope: float = 0.2, he: bool = False
) -> keras.Model:
    """Images (N, height, width, channels) in [-1, 1] to scores (N,), float32.

    Layer normalisation after every convolution but the first, as the original in WGAN-GP mode.

    Args:
        height: power of two, at least 8.
        width: power of two, at least 8.
        channels: of image and mask together.
        dim: feature maps of the first layer; 64 in the original.
        negative_slope: of the leaky ReLU; 0.2 in the original, 0 (ReLU) in Neff 2018.
        he: He initialisation (Neff 2018) instead of the original's deviation 0.02.

    Raises:
        InputError: for a size the network cannot take.
    """
    require_power_of_two(height, width, smallest=8)
    steps = halvings(height, width, smallest=4)
    short = min(height, width)
    maps = [channels] + [feature_maps(short, short >> i, dim) for i in range(1, steps + 1)]

    images = keras.Input((height, width, channels), name="images")
    x = images
    for step in range(1, steps + 1):
        fans = maps[step - 1] * 25, maps[step] * 25 / 4
        x = keras.layers.Conv2D(
            maps[step],
            5,
            strides=2,
            padding="same",
            kernel_initializer=uniform(he_deviation(*fans) if he else ORIGINAL_DEVIATION),
            name=f"Discriminator.{step}",
        )(x)
        if step > 1:
            x = ImageLayerNorm(name=f"Discriminator.BN{step}")(x)
        x = keras.layers.LeakyReLU(negative_slope)(x)
    x = keras.layers.Flatten(dtype="float32")(x)
    deviation = math.sqrt(2.0 / (x.shape[-1] + 1)) if he else ORIGINAL_DEVIATION
    scores = keras.layers.Dense(1, kernel_initializer=uniform(deviation), dtype="float32", name="Discriminator.Output")(
        x
    )
    return keras.Model(images, keras.layers.Reshape((), dtype="float32")(scores), name="critic")
