"""The one seam between the two software stacks: same names, same numbers, on either.

Reference stack: TensorFlow 2.15, Keras 2.15, tensorflow-addons 0.23. Current stack: TensorFlow 2.20
and newer with Keras 3. Only this file imports tensorflow_addons.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf

# A process that trains many networks traces many functions once each, which TensorFlow's logger takes
# for retracing and warns of every time.
tf.get_logger().setLevel("ERROR")

REFERENCE_STACK = keras.__version__.startswith("2.")

#: Of what the replicas assign to a weight.
MEAN_OF_REPLICAS = tf.VariableAggregation.MEAN if REFERENCE_STACK else "mean"

if REFERENCE_STACK:
    with warnings.catch_warnings():
        # It announces the end of its own maintenance at every import; docs/stacks.md says so once.
        warnings.simplefilter("ignore", UserWarning)
        import tensorflow_addons as tfa


def dense_image_warp(images: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """Moves pixels: out[n, y, x] = images[n, y - flow[n, y, x, 0], x - flow[n, y, x, 1]], bilinearly.

    Positions outside the image take the nearest edge pixel.

    Args:
        images: (N, H, W, C) float32.
        flow: (N, H, W, 2) float32, pixels, (row, column).

    Returns:
        (N, H, W, C) float32.
    """
    if REFERENCE_STACK:
        return tfa.image.dense_image_warp(images, flow)
    size = tf.cast(tf.shape(images)[1:3] - 1, tf.float32)
    grid = tf.stack(tf.meshgrid(tf.range(size[0] + 1), tf.range(size[1] + 1), indexing="ij"), -1)
    position = grid - flow
    # As in tensorflow-addons: the cell is clamped first, then the place inside it.
    corner = tf.clip_by_value(tf.floor(position), 0.0, size - 1.0)
    part = tf.clip_by_value(position - corner, 0.0, 1.0)
    corner = tf.cast(corner, tf.int32)

    def pixels(down: int, right: int) -> tf.Tensor:
        return tf.gather_nd(images, corner + [down, right], batch_dims=1)

    rows, columns = part[..., :1], part[..., 1:]
    top = pixels(0, 0) + columns * (pixels(0, 1) - pixels(0, 0))
    bottom = pixels(1, 0) + columns * (pixels(1, 1) - pixels(1, 0))
    return top + rows * (bottom - top)


def add_statistic(
    layer: keras.layers.Layer, name: str, shape: tuple[int, ...], initializer: str | Callable
) -> tf.Variable:
    """A weight that is not trained, which the layer assigns in its call, on every replica alike.

    The replicas' mean is what is kept.
    """
    kinds = {"initializer": initializer, "trainable": False, "aggregation": MEAN_OF_REPLICAS}
    return layer.add_weight(name=name, shape=shape, **kinds)


def add_count(layer: keras.layers.Layer, name: str, first: int = 0) -> tf.Variable:
    """A whole number, which the layer may raise in its call, on every replica alike."""
    alike = tf.VariableAggregation.ONLY_FIRST_REPLICA if REFERENCE_STACK else "only_first_replica"
    kinds = {"dtype": "int64", "initializer": keras.initializers.Constant(first), "trainable": False}
    return layer.add_weight(name=name, shape=(), aggregation=alike, **kinds)


def adam(learning_rate: float, beta_1: float, beta_2: float, epsilon: float = 1e-8) -> keras.optimizers.Optimizer:
    """Adam, by default with the epsilon of TensorFlow 1 and PyTorch; scales losses under mixed_float16."""
    return scaling(keras.optimizers.Adam(learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon))


class _SGD(keras.optimizers.SGD):
    """See `sgd`; only the step differs from Keras'."""

    def __init__(self, learning_rate, momentum: float, decay: float, multipliers: Sequence[float]):
        super().__init__(learning_rate, momentum=momentum, name="sgd")
        self.decay, self.multipliers = decay, tuple(multipliers)

    def update_step(self, gradient, variable, learning_rate=None):
        if REFERENCE_STACK:
            place, learning_rate = self._index_dict[self._var_key(variable)], self.learning_rate
        else:
            place = self._get_variable_index(variable)
        velocity = self.momentum * self.momentums[place] + gradient + self.decay * variable
        self.momentums[place].assign(velocity)
        variable.assign_sub(self.multipliers[place] * learning_rate * velocity)


def sgd(
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    momentum: float,
    weight_decay: float,
    multipliers: Sequence[float],
) -> keras.optimizers.Optimizer:
    """PyTorch's SGD: v <- momentum v + g + weight_decay w, then w <- w - multiplier learning_rate v.

    Keras has the learning rate inside v, which is another descent where the rate changes. Scales losses
    under mixed_float16.

    Args:
        learning_rate: or its schedule.
        momentum: 0 to 1.
        weight_decay: of all variables alike.
        multipliers: of the learning rate, for the variables in the order in which `build` takes them.
    """
    return scaling(_SGD(learning_rate, momentum, weight_decay, multipliers))


def scaling(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimiser; under mixed_float16 one that scales the loss for it."""
    if keras.mixed_precision.global_policy().name != "mixed_float16":
        return optimizer
    if REFERENCE_STACK:
        return keras.mixed_precision.LossScaleOptimizer(optimizer)
    return keras.optimizers.LossScaleOptimizer(optimizer)


def scale_loss(optimizer: keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    """The loss to differentiate; `apply_gradients` undoes the scale.

    On several replicas it is this one's part of their mean, as optimisers add up the gradients of all.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    loss = loss / replicas if replicas > 1 else loss
    if not REFERENCE_STACK:
        return optimizer.scale_loss(loss)
    scales = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    return optimizer.get_scaled_loss(loss) if scales else loss


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor], variables: Sequence[tf.Variable]
) -> None:
    """One step on gradients of a loss from `scale_loss`; a scaling optimiser skips a non-finite one."""
    if REFERENCE_STACK and isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    pairs, alone = list(zip(gradients, variables)), tf.distribute.get_strategy().num_replicas_in_sync == 1
    # The sum over one device has a gradient of its own, which TensorFlow keeps for good, and with it the graph.
    if alone and REFERENCE_STACK:
        optimizer.apply_gradients(pairs, skip_gradients_aggregation=True)
    elif alone and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # Keras leaves the sum out where all replicas are seen at once, where one that scales refuses to be called.
        tf.distribute.get_replica_context().merge_call(lambda _: optimizer.apply_gradients(pairs))
    else:
        optimizer.apply_gradients(pairs)


def set_precision(policy: str) -> None:
    """Sets Keras' global policy: "float32", "mixed_bfloat16" or "mixed_float16"."""
    keras.mixed_precision.set_global_policy(policy)


@contextmanager
def float32() -> Iterator[None]:
    """What is built within is float32, whatever the policy: networks whose numbers half precision cannot hold."""
    policy = keras.mixed_precision.global_policy()
    set_precision("float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(policy)


def in_float32(network: keras.Model) -> keras.Model:
    """The network as it would be under the policy "float32", with its present weights: itself if it is so already.

    What is saved or runs on a CPU should be: TensorFlow's convolutions in float16 are a hundred times slower there.
    """
    if all(layer.compute_dtype == "float32" for layer in network.layers):
        return network

    def same(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        # Keras 3 has operations among the layers, which have no type of their own.
        return type(layer).from_config({**config, "dtype": "float32"} if "dtype" in config else config)

    with float32():
        plain = keras.models.clone_model(network, clone_function=same)
    plain.set_weights(network.get_weights())
    return plain


def begin_networks(seed: int) -> None:
    """To be called before networks are built: they are as the first of the process, whatever it made before.

    Keras numbers its layers through a process, and TensorFlow's graph optimiser adds in an order that follows from
    names ("add_9" comes after "add_10"), so that a network's last digits told how many were built before it. Keras also
    keeps what it built until it is told to forget. Networks that live go on as they are.

    Args:
        seed: of the weights.
    """
    policy = keras.mixed_precision.global_policy()  # the current stack forgets it too
    keras.backend.clear_session()
    gc.collect()
    keras.mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(seed)
