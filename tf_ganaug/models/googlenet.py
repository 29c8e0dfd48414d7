"""GoogLeNet, the judge of realism of Karki 2020, section 3.2.3 (Szegedy 2015).

Source: BVLC/caffe models/bvlc_googlenet train_val.prototxt.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug.models.caffe import CaffeInput
from tf_ganaug.models.dropout import CountedDropout

#: Height and width that the network works at.
SIDE = 224

#: ImageNet's means of blue, green and red, as this network subtracts them.
MEANS = (104.0, 117.0, 123.0)

#: Weight of each auxiliary head's loss; the main head's has weight 1.
AUXILIARY_WEIGHT = 0.3

#: Feature maps of a block: 1 x 1; 3 x 3 reduced, 3 x 3; 5 x 5 reduced, 5 x 5; after pooling.
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


@keras.utils.register_keras_serializable("tf_ganaug")
class LocalResponseNorm(keras.layers.Layer):
    """x / (1 + 1e-4 / 5 sum x^2)^0.75, summed over the five channels around each; float32 whatever the policy.

    Caffe divides alpha, 1e-4, by the number of channels. Input and output (N, H, W, C).
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs):
        return tf.nn.local_response_normalization(inputs, depth_radius=2, bias=1.0, alpha=1e-4 / 5, beta=0.75)

    def compute_output_shape(self, input_shape):
        return input_shape


def googlenet(
    height: int, width: int, channels: int, classes: int, filters: int = 64, auxiliary: bool = True, seed: int = 0
) -> keras.Model:
    """Images (N, height, width, channels) in [-1, 1] to logits (N, classes), float32.

    Images are resized to 224 x 224, bilinearly.

    Args:
        height: of the images.
        width: likewise.
        channels: 1 (repeated) or 3 (RGB).
        classes: of the answer.
        filters: of the first layer; 64 published. All other widths follow in proportion.
        auxiliary: whether the two heads of the training are outputs too, after the main one: a list of
            three logits. `keras.Model(model.input, model.outputs[0])` is then the network of the test.
        seed: of dropout.
    """

    def maps(published: int) -> int:
        return max(1, published * filters // 64)

    def conv(count: int, size: int, name: str, **kwargs) -> keras.layers.Conv2D:
        settings = {"padding": "same", "activation": "relu", **kwargs}
        return keras.layers.Conv2D(maps(count), size, name=name, **_start(), **settings)

    def inception(x, name: str):
        one, three_reduced, three, five_reduced, five, pooled = BLOCKS[name]
        branches = [
            conv(one, 1, f"{name}.1x1")(x),
            conv(three, 3, f"{name}.3x3")(conv(three_reduced, 1, f"{name}.3x3_reduce")(x)),
            conv(five, 5, f"{name}.5x5")(conv(five_reduced, 1, f"{name}.5x5_reduce")(x)),
            conv(pooled, 1, f"{name}.pool_proj")(keras.layers.MaxPooling2D(3, 1, "same")(x)),
        ]
        return keras.layers.Concatenate()(branches)

    def head(x, name: str, rate: float, number: int):
        x = CountedDropout(rate, 3 * seed + number, name=f"{name}.dropout")(x)
        return keras.layers.Dense(classes, dtype="float32", name=f"{name}.classifier", **_start(bias=0.0))(x)

    def auxiliary_head(x, name: str, number: int):
        x = conv(128, 1, f"{name}.conv")(keras.layers.AveragePooling2D(5, 3)(x))
        x = keras.layers.Dense(maps(1024), activation="relu", name=f"{name}.fc", **_start())(keras.layers.Flatten()(x))
        return head(x, name, 0.7, number)

    images = keras.Input((height, width, channels), name="images")
    x = CaffeInput(MEANS)(keras.layers.Resizing(SIDE, SIDE, dtype="float32")(images))
    # Caffe pads 3 on every side, where `same` would pad 2 and 3.
    x = conv(64, 7, "conv1", strides=2, padding="valid")(keras.layers.ZeroPadding2D(3)(x))
    x = LocalResponseNorm()(_halved(x))
    x = LocalResponseNorm()(conv(192, 3, "conv2")(conv(64, 1, "conv2_reduce")(x)))
    outputs, x = {}, _halved(x)
    for name in BLOCKS:
        x = inception(x, name)
        outputs[name] = x
        x = _halved(x) if name in ("3b", "4e") else x
    answers = [head(keras.layers.GlobalAveragePooling2D()(x), "main", 0.4, 0)]
    if auxiliary:
        answers += [auxiliary_head(outputs[name], f"auxiliary_{name}", n) for n, name in enumerate(("4a", "4d"), 1)]
    return keras.Model(images, answers if auxiliary else answers[0], name="googlenet")


def _start(bias: float = 0.2) -> dict[str, keras.initializers.Initializer]:
    """Caffe's Xavier, uniform with variance 1 / fan in, and the original's bias."""
    return {
        "kernel_initializer": keras.initializers.VarianceScaling(1.0, "fan_in", "uniform"),
        "bias_initializer": keras.initializers.Constant(bias),
    }


def _halved(x):
    # `same` has the windows of Caffe, which rounds the size up.
    return keras.layers.MaxPooling2D(3, 2, "same")(x)
