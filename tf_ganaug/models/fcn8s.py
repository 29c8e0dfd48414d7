"""FCN-8s, the segmenter of Karki 2020, section 4.1 (Shelhamer, Long & Darrell 2017).

Source: shelhamer/fcn.berkeleyvision.org voc-fcn8s/net.py, voc-fcn8s-atonce, surgery.py.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.models.caffe import CaffeInput
from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.sizes import require_multiple
from tf_ganaug.models.unet import he_normal

#: VGG-16's convolutions by block, and the feature maps of each block as multiples of the first's.
CONVOLUTIONS, MULTIPLES = (2, 2, 3, 3, 3), (1, 2, 4, 8, 8)

#: ImageNet's means of blue, green and red, which the original subtracts.
MEANS = (104.007, 116.669, 122.679)

#: The original's padding around the image, and where it crops the maps to those they are added to, and to the image.
PADDING, CROP_POOL4, CROP_POOL3, CROP_SCORE = 100, 5, 9, 31


@keras.utils.register_keras_serializable("tf_ganaug")
class BilinearEnlargement(keras.layers.Layer):
    """The original's fixed transposed convolution: each channel enlarged by bilinear interpolation.

    Kernel 2 factor, stride factor, no bias. Input (N, h, w, C); output (N, (h + 1) factor, (w + 1) factor, C), whose
    border fades to 0. `aligned` gives the middle of what the same makes of the map with its edge repeated,
    (N, h factor, w factor, C): the bilinear resize with half-pixel centres. float32 whatever the policy.
    """

    def __init__(self, factor: int, aligned: bool, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.factor, self.aligned = factor, aligned

    def _kernel(self, channels: int) -> np.ndarray:
        """(2 factor, 2 factor, channels, channels), 0 between different channels."""
        line = 1.0 - np.abs(np.arange(2 * self.factor) + 0.5 - self.factor) / self.factor
        return np.einsum("y,x,oi->yxoi", line, line, np.eye(channels)).astype(np.float32)

    def call(self, inputs):
        x = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC") if self.aligned else inputs
        shape = tf.shape(x)
        n, h, w, c = shape[0], shape[1], shape[2], x.shape[-1]
        large = tf.nn.conv2d_transpose(
            x, self._kernel(c), [n, (h + 1) * self.factor, (w + 1) * self.factor, c], self.factor, "VALID"
        )
        if not self.aligned:
            return large
        edge = self.factor + self.factor // 2
        return large[:, edge:-edge, edge:-edge]

    def compute_output_shape(self, input_shape):
        n, h, w, c = input_shape
        more = 0 if self.aligned else 1
        return (n, (h + more) * self.factor, (w + more) * self.factor, c)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor, "aligned": self.aligned}


def fcn8s(
    height: int,
    width: int,
    channels: int,
    classes: int,
    filters: int = 64,
    fc_filters: int = 4096,
    aligned: bool = False,
    pool_scales: tuple[float, float] = (1e-4, 1e-2),
    caffe_input: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Images (N, height, width, channels) to logits (N, height, width, classes), float32.

    The original pads the image by 100 pixels and crops. `aligned` pads every convolution by `same` instead,
    which costs less on small images and needs no crop; its maps are enlarged with their edges repeated.

    Args:
        height: any, with `aligned` a multiple of 32.
        width: likewise.
        channels: of the images.
        classes: of the labels, background included.
        filters: of the first block; 64 in VGG-16.
        fc_filters: of fc6 and fc7; 4096 in VGG-16.
        aligned: see above.
        pool_scales: of the third and fourth block's maps before they are scored. The original's are for
            training all at once from VGG-16; 1 and 1 suit a training from scratch.
        caffe_input: whether images in [-1, 1] (1 or 3 channels) become what VGG-16 was trained on.
        seed: of dropout.

    Raises:
        InputError: for a size the aligned form cannot have.
    """
    if aligned:
        require_multiple(height, width, 32)
    images = keras.Input((height, width, channels), name="images")
    x = CaffeInput(MEANS)(images) if caffe_input else images
    pools = _trunk(x, filters, aligned)
    x = _conv(fc_filters, 7, "fc6", "same" if aligned else "valid")(pools[5])
    x = CountedDropout(0.5, seed, name="drop6")(x)
    x = CountedDropout(0.5, seed + 1, name="drop7")(_conv(fc_filters, 1, "fc7")(x))
    x = BilinearEnlargement(2, aligned, name="upscore2")(_score(classes, "score_fr")(x))
    scaled = {block: keras.layers.Rescaling(s, dtype="float32")(pools[block]) for block, s in zip((3, 4), pool_scales)}
    x = _add(x, _score(classes, "score_pool4")(scaled[4]), 0 if aligned else CROP_POOL4)
    x = BilinearEnlargement(2, aligned, name="upscore_pool4")(x)
    x = _add(x, _score(classes, "score_pool3")(scaled[3]), 0 if aligned else CROP_POOL3)
    x = BilinearEnlargement(8, aligned, name="upscore8")(x)
    return keras.Model(images, _cropped(x, height, width, 0 if aligned else CROP_SCORE), name="fcn8s")


def _trunk(x, filters: int, aligned: bool) -> dict:
    """The maps of VGG-16's five blocks after their pooling, by number."""
    pools = {}
    for block, (convolutions, multiple) in enumerate(zip(CONVOLUTIONS, MULTIPLES), 1):
        for number in range(1, convolutions + 1):
            first = block == number == 1 and not aligned
            x = keras.layers.ZeroPadding2D(PADDING)(x) if first else x
            x = _conv(filters * multiple, 3, f"conv{block}_{number}", "valid" if first else "same")(x)
        # `same` rounds an odd side up, as Caffe does.
        x = pools[block] = keras.layers.MaxPooling2D(2, padding="same")(x)
    return pools


def _conv(filters: int, size: int, name: str, padding: str = "valid") -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters, size, padding=padding, activation="relu", kernel_initializer=he_normal(), name=name
    )


def _score(classes: int, name: str) -> keras.layers.Conv2D:
    """From zero, as in the original."""
    return keras.layers.Conv2D(classes, 1, kernel_initializer="zeros", dtype="float32", name=name)


def _cropped(x, height: int, width: int, offset: int):
    return x[:, offset : offset + height, offset : offset + width]


def _add(x, skip, offset: int):
    """The sum of x and the part of the skip that lies under it."""
    return keras.layers.Add(dtype="float32")([x, _cropped(skip, x.shape[1], x.shape[2], offset)])
