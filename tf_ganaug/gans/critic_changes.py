"""What a critic's augmentation makes of pairs, differentiable as often as wanted (Zhao 2020; Karras 2020).

Sources: Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training, 3 and its released policy
"color, translation, cutout"; Karras et al. 2020, Training Generative Adversarial Networks with Limited Data, 2.2, for
changes that are made with a probability.
"""

from __future__ import annotations

import tensorflow as tf

#: What may be done to a pair, in this order; saturation to images of three channels only.
CHANGES = ("brightness", "saturation", "contrast", "mirror", "translation", "cutout")

#: Numbers in [0, 1) that change one pair: whether each is done, then how: two places each of the last two.
NUMBERS = len(CHANGES) + 8

#: The largest translation, and the sides of what is cut out, as shares of the image's.
TRANSLATION, CUTOUT = 1 / 8, 1 / 2


def changed(pairs: tf.Tensor, numbers: tf.Tensor, strength: float | tf.Tensor, colours: int, mirror: bool) -> tf.Tensor:
    """Pairs as a critic sees them.

    Brightness, saturation and contrast change the image alone. What moves, moves all channels alike, by whole pixels;
    where nothing comes from, and what is cut out, is 0 in all of them.

    Args:
        pairs: (N, H, W, C) about [-1, 1], channels of the image before those of the label.
        numbers: (N, NUMBERS) uniform in [0, 1).
        strength: probability of each change, made or not independently of the others.
        colours: channels of the image.
        mirror: whether left and right may change places.

    Returns:
        (N, H, W, C) of the same type.
    """
    done, how = numbers[:, : len(CHANGES)] < strength, numbers[:, len(CHANGES) :]
    if colours:
        image = _coloured(pairs[..., :colours], done, tf.cast(how, pairs.dtype))
        pairs = tf.concat([image, pairs[..., colours:]], -1)
    if mirror:
        turned = (done[:, 3] & (how[:, 3] < 0.5))[:, None, None, None]
        pairs = tf.where(turned, pairs[:, :, ::-1], pairs)
    height, width = pairs.shape[1:3]
    shifts = tf.stack([_shift(how[:, 4], height), _shift(how[:, 5], width)], -1)
    pairs = translated(pairs, tf.where(done[:, 4:5], shifts, 0))
    cut = _within(how[:, 6], height)[:, :, None] & _within(how[:, 7], width)[:, None] & done[:, 5, None, None]
    return tf.where(cut[..., None], tf.zeros((), pairs.dtype), pairs)


def _coloured(images: tf.Tensor, done: tf.Tensor, how: tf.Tensor) -> tf.Tensor:
    """Brighter by -0.5 to 0.5; colours further from grey by 0 to 2 times; all further from their mean by 0.5 to 1.5."""
    # As differences, so that an image that does not change stays to the bit.
    amounts = tf.stack([how[:, 0] - 0.5, 2.0 * how[:, 1] - 1.0, how[:, 2] - 0.5], -1)
    amounts = tf.where(done[:, :3], amounts, tf.zeros((), amounts.dtype))[..., None, None, None]
    images = images + amounts[:, 0]
    if images.shape[-1] == 3:
        grey = tf.reduce_mean(images, -1, keepdims=True)
        images = images + (images - grey) * amounts[:, 1]
    mean = tf.reduce_mean(images, [1, 2, 3], keepdims=True)
    return images + (images - mean) * amounts[:, 2]


@tf.custom_gradient
def translated(pairs: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    """Pairs (N, H, W, C) moved by (N, 2) int32 pixels down and to the right, 0 where nothing comes from.

    Its gradient is the opposite move, and so the same function: exact, and differentiable again.
    """
    moved = pairs
    for axis in (1, 2):
        side = pairs.shape[axis]
        places = tf.range(side) - shifts[:, axis - 1, None]
        inside = (places >= 0) & (places < side)
        moved = tf.gather(moved, tf.clip_by_value(places, 0, side - 1), axis=axis, batch_dims=1)
        shape = (-1, side, 1, 1) if axis == 1 else (-1, 1, side, 1)
        moved = tf.where(tf.reshape(inside, shape), moved, tf.zeros((), pairs.dtype))
    return moved, lambda upstream: (translated(upstream, -shifts), None)


def _shift(number: tf.Tensor, side: int) -> tf.Tensor:
    """(N,) int32, each whole number of pixels up to the largest as likely as another."""
    most = int(side * TRANSLATION + 0.5)
    return tf.cast(number * (2 * most + 1), tf.int32) - most


def _within(number: tf.Tensor, side: int) -> tf.Tensor:
    """(N, side) whether a row or column is cut out; the middle of what is may be any, so that some lies outside."""
    size = int(side * CUTOUT + 0.5)
    middle = tf.cast(number * (side + 1 - size % 2), tf.int32)
    places = tf.range(side) - (middle - size // 2)[:, None]
    return (places >= 0) & (places < size)
