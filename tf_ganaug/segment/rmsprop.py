"""DeepMedic's own RMSProp."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import backend


class _RMSProp(keras.optimizers.RMSprop):
    """See `deepmedic_rmsprop`; only the step differs from Keras', which has the same slots."""

    def __init__(self, learning_rate: float, normalised: bool):
        super().__init__(learning_rate, rho=0.9, momentum=0.6, epsilon=1e-4, name="deepmedic_rmsprop")
        self.normalised = normalised

    def update_step(self, gradient, variable, learning_rate=None):
        if backend.REFERENCE_STACK:
            place, learning_rate = self._index_dict[self._var_key(variable)], self.learning_rate
        else:
            place = self._get_variable_index(variable)
        squares = self.rho * self._velocities[place] + (1.0 - self.rho) * tf.square(gradient)
        step = learning_rate * gradient * tf.math.rsqrt(squares + self.epsilon)
        step = (1.0 - self.momentum) * step if self.normalised else step
        velocity = self.momentum * self._momentums[place] - step
        self._velocities[place].assign(squares)
        self._momentums[place].assign(velocity)
        variable.assign_add(self.momentum * velocity - step)


def deepmedic_rmsprop(learning_rate: float = 1e-3, normalised: bool = True) -> keras.optimizers.Optimizer:
    """RMSProp whose preconditioned step has Nesterov's momentum, which Keras' own cannot express.

    a <- 0.9 a + 0.1 g^2, s = learning_rate g / sqrt(a + 1e-4), v <- 0.6 v - s, w <- w + 0.6 v - s; a and v
    start at 0. Scales losses under mixed_float16. Source: deepmedic/deepmedic neuralnet/optimizers.py.

    Args:
        learning_rate: the original's is 0.001.
        normalised: whether s is multiplied by 0.4, as in the models up to v0.7.0 (that of 2017 among them).
    """
    return backend.scaling(_RMSProp(learning_rate, normalised))
