"""Generator and critic of the progressive GAN, at every level of detail (Karras 2018).

Source: progressive_growing_of_gans networks.py, G_paper and D_paper. Foroozandeh 2020 draws label maps
with it, one channel; any number of channels works, so that images and labels can be drawn together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import keras

from tf_ganaug.errors import InputError
from tf_ganaug.models.pggan_layers import (
    DownConv2D,
    EqualizedConv2D,
    EqualizedDense,
    Fade,
    MinibatchDeviation,
    NearestDouble,
    PixelNorm,
    UpConv2D,
)
from tf_ganaug.models.sizes import halvings, require_power_of_two

#: The level that takes the noise map of `generator(..., noise=True)`: 32 x 32 of a square image.
NOISE_LEVEL = 3


@dataclass(frozen=True)
class ProgressiveNetwork:
    """One network as one model per level; all models share their layers.

    Level 0 has 4 pixels on its shorter side, each further level twice as many. A model computes the
    levels it needs and no others, and its `trainable_variables` are theirs alone.

    Attributes:
        stable: models of level 0, 1, ...
        fading: models between level 0 and 1, 1 and 2, ..., at the size of the finer.
        fade: its `fraction` is the share of the coarser level in all `fading` models.
    """

    stable: tuple[keras.Model, ...]
    fading: tuple[keras.Model, ...]
    fade: Fade

    @property
    def top(self) -> int:
        """The finest level, that of the full size."""
        return len(self.stable) - 1

    def view(self, coarse: int, fine: int) -> keras.Model:
        """The model of a level (both arguments equal) or between two neighbouring ones."""
        return self.stable[fine] if coarse == fine else self.fading[coarse]

    @property
    def trainable_variables(self) -> list:
        """Those of all levels, each once."""
        models = (*self.stable, *self.fading)
        return list({id(v): v for model in models for v in model.trainable_variables}.values())


def feature_maps(level: int, fmap_base: int, fmap_max: int) -> int:
    """Feature maps at a level: fmap_base / 2^(level + 1), at most fmap_max.

    Raises:
        InputError: if less than one is left.
    """
    maps = min(fmap_base >> (level + 1), fmap_max)
    if maps < 1:
        raise InputError(
            f"feature maps at {4 << level} pixels",
            "at least 1",
            f"fmap_base {fmap_base}, fmap_max {fmap_max}",
            f"choose fmap_base of at least {2 << level}",
        )
    return maps


def level_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """(height, width) of every level, the coarsest first.

    Raises:
        InputError: for a full size that is no power of two or below 4.
    """
    require_power_of_two(height, width, smallest=4)
    top = halvings(height, width, smallest=4)
    return [(height >> shift, width >> shift) for shift in range(top, -1, -1)]


def generator(
    height: int,
    width: int,
    channels: int,
    fmap_base: int = 8192,
    fmap_max: int = 512,
    latent_size: int = 512,
    noise: bool = False,
) -> ProgressiveNetwork:
    """Models of latents (N, latent_size) ~ N(0, 1) to images (N, H, W, channels), float32.

    The output is linear: about [-1, 1] once trained, but not clipped.

    With `noise` the latents are longer, at all levels: the numbers after the first `latent_size` are a map of
    32 x 32. It joins the feature maps of the level before, doubled in size, as one map more before the first
    32 x 32 convolution (Bowles 2018, 2), so that a sample is a function of its latent with and without noise.

    Args:
        height: of the full size; power of two, at least 4.
        width: likewise.
        channels: of the images.
        fmap_base: feature maps as in `feature_maps`; 8192 published.
        fmap_max: their largest number; 512 published.
        latent_size: 512 published.
        noise: see above.

    Raises:
        InputError: for a size the network cannot make, or without a level for the noise.
    """
    sizes = level_sizes(height, width)
    maps = [feature_maps(level, fmap_base, fmap_max) for level in range(len(sizes))]
    if noise and len(sizes) <= NOISE_LEVEL:
        expected = f"at least {4 << NOISE_LEVEL} pixels for the map of noise"
        raise InputError(f"image size {height} x {width}", expected, str(min(height, width)), "do without the noise")

    latents = keras.Input((latent_size + math.prod(sizes[NOISE_LEVEL]) if noise else latent_size,), name="latents")
    x = PixelNorm(name="PixelNorm")(latents[:, :latent_size] if noise else latents)
    images = []
    for level, size in enumerate(sizes):
        name = "{}x{}".format(*size)
        if level == 0:
            x = EqualizedDense((*size, maps[0]), gain=math.sqrt(2.0) / 4, name=f"{name}.Dense")(x)
        elif noise and level == NOISE_LEVEL:
            noise_map = keras.layers.Reshape((*size, 1))(latents[:, latent_size:])
            x = keras.layers.Concatenate()([NearestDouble()(x), noise_map])
            x = EqualizedConv2D(maps[level], name=f"{name}.Conv0_up")(x)
        else:
            x = UpConv2D(maps[level], name=f"{name}.Conv0_up")(x)
        x = PixelNorm()(keras.layers.LeakyReLU(0.2)(x))
        x = EqualizedConv2D(maps[level], name=f"{name}.Conv" if level == 0 else f"{name}.Conv1")(x)
        x = PixelNorm()(keras.layers.LeakyReLU(0.2)(x))
        rgb = EqualizedConv2D(channels, 1, gain=1.0, dtype="float32", name=f"ToRGB_lod{len(sizes) - 1 - level}")
        images.append(rgb(x))

    fade = Fade(name="fade")
    doubled = (NearestDouble(dtype="float32")(coarse) for coarse in images)
    return ProgressiveNetwork(
        tuple(keras.Model(latents, image) for image in images),
        tuple(keras.Model(latents, fade([fine, coarse])) for fine, coarse in zip(images[1:], doubled)),
        fade,
    )


def _applied(layers: Iterable[keras.layers.Layer], x: keras.KerasTensor) -> keras.KerasTensor:
    for layer in layers:
        x = layer(x)
    return x


def _critic_block(name: str, maps: int, coarser: int, fused_scale: bool) -> list[keras.layers.Layer]:
    """From one level to the next coarser; see `critic` for `fused_scale`."""
    down = DownConv2D if fused_scale else EqualizedConv2D
    block = [
        EqualizedConv2D(maps, name=f"{name}.Conv0"),
        keras.layers.LeakyReLU(0.2),
        down(coarser, name=f"{name}.Conv1_down"),
        keras.layers.LeakyReLU(0.2),
    ]
    return block if fused_scale else [*block, keras.layers.AveragePooling2D(2)]


def _critic_head(name: str, maps: int, group: int) -> list[keras.layers.Layer]:
    """From the features of level 0 to the scores."""
    return [
        MinibatchDeviation(group, name="MinibatchDeviation"),
        EqualizedConv2D(maps, name=f"{name}.Conv"),
        keras.layers.LeakyReLU(0.2),
        keras.layers.Flatten(),
        EqualizedDense((maps,), name=f"{name}.Dense0"),
        keras.layers.LeakyReLU(0.2),
        EqualizedDense((1,), gain=1.0, dtype="float32", name=f"{name}.Dense1"),
        keras.layers.Reshape((), dtype="float32"),
    ]


def critic(
    height: int,
    width: int,
    channels: int,
    fmap_base: int = 8192,
    fmap_max: int = 512,
    fused_scale: bool = True,
    group: int = 4,
) -> ProgressiveNetwork:
    """Models of images (N, H, W, channels) in [-1, 1] to scores (N,), float32.

    A score depends on the other samples of its minibatch through their deviation, so reals and fakes
    need passes of their own.

    Args:
        height: of the full size; power of two, at least 4.
        width: likewise.
        channels: of the images.
        fmap_base: feature maps as in `feature_maps`; 8192 published.
        fmap_max: their largest number; 512 published.
        fused_scale: True averages 2 x 2 pixels before bias and leaky ReLU (the TensorFlow code's
            default), False after them (the Theano code): another network with the same weights.
        group: of the minibatch deviation.

    Raises:
        InputError: for a size the network cannot take.
    """
    sizes = level_sizes(height, width)
    top = len(sizes) - 1
    maps = [feature_maps(level, fmap_base, fmap_max) for level in range(top + 1)]
    names = ["{}x{}".format(*size) for size in sizes]

    from_rgb = [
        [EqualizedConv2D(maps[level], 1, name=f"FromRGB_lod{top - level}"), keras.layers.LeakyReLU(0.2)]
        for level in range(top + 1)
    ]
    blocks = [[]] + [
        _critic_block(names[level], maps[level], maps[level - 1], fused_scale) for level in range(1, top + 1)
    ]
    head = _critic_head(names[0], maps[0], group)
    fade = Fade(name="fade")

    def scores(features: keras.KerasTensor, level: int) -> keras.KerasTensor:
        for block in blocks[level:0:-1]:
            features = _applied(block, features)
        return _applied(head, features)

    stable, fading = [], []
    for level, size in enumerate(sizes):
        images = keras.Input((*size, channels), name="images")
        features = _applied(from_rgb[level], images)
        stable.append(keras.Model(images, scores(features, level)))
        if level > 0:
            coarse = _applied(from_rgb[level - 1], keras.layers.AveragePooling2D(2)(images))
            fine = _applied(blocks[level], features)
            fading.append(keras.Model(images, scores(fade([fine, coarse]), level - 1)))
    return ProgressiveNetwork(tuple(stable), tuple(fading), fade)
