"""The dilated ResNets with a deep stem that PSPNet stands on (He 2016; Zhao 2017).

Source: hszhao/semseg model/resnet.py, model/pspnet.py. keras.applications has another stem, and its strides
on other convolutions.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.errors import InputError, reading
from tf_ganaug.models.layers import exact_moments, unbiased
from tf_ganaug.weight_files import require_bounded

#: Bottlenecks of the four stages by the number of layers. Those below 50 the original has not: 26 is for small images,
#: 14, the least, for tests.
BLOCKS = {14: (1, 1, 1, 1), 26: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}

#: Stride of each stage, and dilation of all its 3 x 3 convolutions.
STRIDES, DILATIONS = (1, 2, 1, 1), (1, 1, 2, 4)

#: The stem's convolutions and norms as the authors' files of weights name them, by their names in PSPNet.
STEM = {
    "layer0.0": "conv1",
    "layer0.1": "bn1",
    "layer0.3": "conv2",
    "layer0.4": "bn2",
    "layer0.6": "conv3",
    "layer0.7": "bn3",
}

#: Deviations and means of ImageNet's red, green and blue, as shares of 255.
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@keras.utils.register_keras_serializable("tf_ganaug")
class BatchNorm(keras.layers.Layer):
    """Batch normalisation as PyTorch's: epsilon 1e-5, and the running variance is the unbiased one.

    `training=True` normalises by mean and (biased) variance over (N, H, W), towards which the running
    statistics move by a tenth; `training=False` uses those. Keras' layer keeps the unbiased variance on one
    stack and the biased on the other, which differ by a third where 4 images are pooled to a pixel each.
    float32 whatever the policy. Input and output (N, H, W, C).
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs):
        # A float32 layer: Keras would otherwise round weights and statistics through the half type.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape):
        shape = (int(input_shape[-1]),)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        self.mean = backend.add_statistic(self, "mean", shape, "zeros")
        self.variance = backend.add_statistic(self, "variance", shape, "ones")
        super().build(input_shape)

    def call(self, inputs, training=False):
        if training and replicas.together() > 1:
            return self._of_all_devices(inputs)
        running = tf.convert_to_tensor(self.mean), tf.convert_to_tensor(self.variance)
        normed = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=running[0],
            variance=running[1],
            epsilon=self.epsilon,
            is_training=bool(training),
        )
        if training:
            for variable, old, now in zip((self.mean, self.variance), running, normed[1:3]):
                variable.assign(self.momentum * old + (1.0 - self.momentum) * now)
        return normed[0]

    def _of_all_devices(self, inputs: tf.Tensor) -> tf.Tensor:
        """What the fused operation does on one."""
        centred, mean, variance = exact_moments(inputs, [0, 1, 2], replicas.mean)
        for running, now in ((self.mean, mean), (self.variance, unbiased(variance, inputs))):
            running.assign(self.momentum * running + (1.0 - self.momentum) * now[0, 0, 0])
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


@keras.utils.register_keras_serializable("tf_ganaug")
class ImageNetInput(keras.layers.Layer):
    """Images in [-1, 1] as PyTorch's networks for ImageNet take them: RGB of mean 0 and deviation 1.

    Input (N, H, W, C), C 1 (repeated) or 3 (RGB); output (N, H, W, 3), float32 whatever the policy.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs):
        shares = (inputs + 1.0) / 2.0
        shares = tf.repeat(shares, 3, axis=-1) if inputs.shape[-1] == 1 else shares
        return (shares - tf.constant(MEANS)) / tf.constant(DEVIATIONS)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 3)


def conv(x, filters: int, size: int, name: str, strides: int = 1, dilation: int = 1, initializer=None):
    """A convolution without bias, padded by the same on every side; He's normal, not truncated, by default."""
    initializer = initializer or keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    padding = "same"
    if strides > 1 and size > 1:
        # Keras' `same` would shift even sizes by a pixel.
        x, padding = keras.layers.ZeroPadding2D(size // 2)(x), "valid"
    return keras.layers.Conv2D(
        filters,
        size,
        strides,
        padding,
        dilation_rate=dilation,
        use_bias=False,
        kernel_initializer=initializer,
        name=name,
    )(x)


def normed(x, name: str):
    """Batch norm and ReLU."""
    return keras.layers.ReLU()(BatchNorm(name=name)(x))


def _stem(x, width: int):
    """Three convolutions of 3 x 3 and a pooling: a quarter of the size."""
    x = normed(conv(x, width, 3, "layer0.0", strides=2), "layer0.1")
    x = normed(conv(x, width, 3, "layer0.3"), "layer0.4")
    x = normed(conv(x, 2 * width, 3, "layer0.6"), "layer0.7")
    # After a ReLU zeros at the border never are the maximum.
    return keras.layers.MaxPooling2D(3, 2)(keras.layers.ZeroPadding2D(1)(x))


def _bottleneck(x, maps: int, strides: int, dilation: int, first: bool, name: str):
    """1 x 1, 3 x 3 with the stride, 1 x 1 to 4 times the maps; plus x, or a 1 x 1 of it in a stage's first."""
    y = normed(conv(x, maps, 1, f"{name}.conv1"), f"{name}.bn1")
    y = normed(conv(y, maps, 3, f"{name}.conv2", strides, dilation), f"{name}.bn2")
    y = BatchNorm(name=f"{name}.bn3")(conv(y, 4 * maps, 1, f"{name}.conv3"))
    if first:
        x = BatchNorm(name=f"{name}.downsample.1")(conv(x, 4 * maps, 1, f"{name}.downsample.0", strides))
    return keras.layers.ReLU()(keras.layers.Add()([y, x]))


def dilated_resnet(x, layers: int, width: int) -> tuple:
    """The maps of the third and fourth stage, both at an eighth of the size.

    Sides of 8 k + 1 become k + 1.

    Args:
        x: images (N, H, W, C).
        layers: a key of `BLOCKS`.
        width: feature maps of the first convolution; 64 in the original. The fourth stage has 32 times that.

    Raises:
        InputError: for another number of layers.
    """
    if layers not in BLOCKS:
        raise InputError("layers of the ResNet", ", ".join(map(str, BLOCKS)), str(layers), "choose one of these")
    maps = [_stem(x, width)]
    for stage, blocks in enumerate(BLOCKS[layers]):
        x = maps[-1]
        for number in range(blocks):
            strides = STRIDES[stage] if number == 0 else 1
            name = f"layer{stage + 1}.{number}"
            x = _bottleneck(x, width << stage, strides, DILATIONS[stage], number == 0, name)
        maps.append(x)
    return maps[-2], maps[-1]


def backbone_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of `dilated_resnet` in a network that stands on it."""
    return [layer for layer in model.layers if layer.weights and layer.name.startswith("layer")]


_EXPECTED = "ImageNet weights of a ResNet with a deep stem (.npz)"
_REMEDY = "convert the authors' weights of as many layers with tf-ganaug convert-weights; leave the width at 64"


def load_backbone(model: keras.Model, path: Path) -> None:
    """Puts the authors' ImageNet weights into a network that stands on a `dilated_resnet` of width 64.

    Args:
        model: changed in place; it must take `ImageNetInput`.
        path: .npz with the arrays of the authors' resnet50_v2.pth or resnet101_v2.pth, by their names and in
            their layout, as `tf-ganaug convert-weights` writes it.

    Raises:
        InputError: if the file is missing or damaged, or an array is absent or has another shape.
    """
    with reading(path, _EXPECTED, _REMEDY):
        require_bounded(path)
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
    values = []
    for layer in backbone_layers(model):
        name = STEM.get(layer.name, layer.name)
        for part, variable in _variables(layer).items():
            value = stored.get(f"{name}.{part}")
            if value is None:
                raise _refusal(path, f"no array {name}.{part}")
            # PyTorch's kernels are OIHW.
            value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
            if value.shape != tuple(variable.shape):
                raise _refusal(path, f"{name}.{part} of shape {value.shape} where the network has {variable.shape}")
            values.append((variable, value))
    for variable, value in values:
        variable.assign(value)


def _variables(layer: keras.layers.Layer) -> dict[str, tf.Variable]:
    """Of a convolution without bias or a `BatchNorm`, by PyTorch's names."""
    if not isinstance(layer, BatchNorm):
        return {"weight": layer.kernel}
    return {"weight": layer.gamma, "bias": layer.beta, "running_mean": layer.mean, "running_var": layer.variance}


def _refusal(path: Path, found: str) -> InputError:
    return InputError(path, _EXPECTED, found, _REMEDY)
