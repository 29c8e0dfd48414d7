"""Sharpness of images, the opposite of their blurriness, in two measures (Karki 2020, section 3.2.2).

Both are of intensities 0 to 255, so that they compare with those of 8-bit pictures, and lower for the blurred
picture of the same content. Several channels are averaged.
"""

from __future__ import annotations

import tensorflow as tf

from tf_ganaug.compiled import graph_function


@graph_function(reduce_retracing=True)
def fourier_magnitude(images: tf.Tensor) -> tf.Tensor:
    """Mean over all frequencies of |F(u, v)|, where F = 1 / sqrt(H W) sum_yx I(y, x) exp(-2 pi i (u y / H + v x / W)).

    Without a logarithm. By Parseval the mean of |F|^2 is that of I^2, so that sizes compare.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].

    Returns:
        (N,) float32.
    """
    planes = tf.cast(tf.transpose(_pixels(images), (0, 3, 1, 2)), tf.complex64)
    size = tf.cast(tf.reduce_prod(tf.shape(planes)[2:]), tf.float32)
    return tf.reduce_mean(tf.abs(tf.signal.fft2d(planes)), (1, 2, 3)) / tf.sqrt(size)


@graph_function(reduce_retracing=True)
def laplacian_variance(images: tf.Tensor) -> tf.Tensor:
    """Variance over the pixels of the sum of the four neighbours less four times the pixel; the paper's choice.

    Borders are mirrored without repeating the edge.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].

    Returns:
        (N,) float32.
    """
    x = tf.pad(_pixels(images), [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
    centre = x[:, 1:-1, 1:-1]
    laplacian = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4.0 * centre
    return tf.reduce_mean(tf.math.reduce_variance(laplacian, (1, 2)), -1)


def _pixels(images: tf.Tensor) -> tf.Tensor:
    """[-1, 1] to 0 to 255."""
    return (images + 1.0) * 127.5
