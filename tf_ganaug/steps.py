"""One training step: gradients of a minibatch, on all devices and in parts where asked, and the optimisers' updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.compiled import Compiled, graph_function

#: Optimisers with the variables that each moves.
Learners = Sequence["tuple[keras.optimizers.Optimizer, Sequence[tf.Variable]]"]


@dataclass(frozen=True)
class Share:
    """Which rows of a minibatch are computed at once: every so many-th.

    Attributes:
        number: the first of them.
        of: how many shares there are.
    """

    number: int | tf.Tensor = 0
    of: int = 1

    def rows(self, whole: tf.Tensor) -> tf.Tensor:
        """Its rows of what was drawn for the whole minibatch."""
        return replicas.rows(whole, self.number, self.of)


#: A minibatch that is not shared.
WHOLE = Share()


class Step:
    """A compiled training step, to be made where its networks and optimisers are (`replicas.on_all_devices`).

    It is called with the minibatch's tensors, (N, ...) each, and numbers; or, if it has no tensors, with N and numbers.

    Args:
        gradients: from a `Share`, its rows of the tensors (or N), and the numbers, to scalars in any structure, and the
            gradients of each learner's loss from `backend.scale_loss`.
        learners: from the numbers to who learns by them.
        tensors: how many the minibatch has.
        jit_compile: XLA.
        then: of the numbers, what follows the update; not computed on every device.
        kinds: of tensors and numbers, for one graph of minibatches of any size.
    """

    def __init__(
        self,
        gradients: Callable[..., tuple[Any, list[list[tf.Tensor]]]],
        learners: Callable[..., Learners],
        tensors: int,
        jit_compile: bool,
        then: Callable[..., None] = lambda *_: None,
        kinds: Sequence[tf.TensorSpec] | None = None,
    ):
        self._gradients, self._learners, self._tensors, self._then = gradients, learners, tensors, then
        self._strategy = tf.distribute.get_strategy()
        self._at_once = Compiled(self._whole, kinds, jit_compile=jit_compile)
        self._part, self._update = (Compiled(each, jit_compile=jit_compile) for each in (self._of_part, self._by_mean))
        self._sum = graph_function(self._added)

    def __call__(self, *given: Any) -> Any:
        """The scalars, means over the whole minibatch."""
        parts = self._parts(given)
        if parts == 1:
            return self._at_once(*given)
        found, sums = [], []
        for number in range(parts):
            # One after the other in a graph too, or all would be in memory at once.
            with tf.control_dependencies(tf.nest.flatten(sums, expand_composites=True)):
                terms, gradients = self._part(tf.constant(number), parts, *given)
            sums = self._sum(sums, gradients) if sums else gradients
            found.append(terms)
        self._update(sums, parts, *given[max(1, self._tensors) :])
        return tf.nest.map_structure(lambda *values: tf.add_n(values) / parts, *found)

    def shares(self, *given: Any) -> int:
        """Into how many shares the minibatch of a call is divided."""
        return self._parts(given) * self._strategy.num_replicas_in_sync

    def _parts(self, given: Sequence[Any]) -> int:
        return replicas.parts_of(given[0].shape[0] if self._tensors else given[0])

    def _whole(self, *given: Any) -> Any:
        def on_one(share: Share, *own: Any) -> Any:
            terms, gradients = self._gradients(share, *own)
            self._apply(gradients, own[max(1, self._tensors) :])
            return terms

        terms = self._mean(self._on_each(on_one, 0, 1, given))
        self._then(*given[max(1, self._tensors) :])
        return terms

    def _of_part(self, number: tf.Tensor, parts: int, *given: Any) -> tuple[Any, Any]:
        terms, gradients = self._on_each(self._gradients, number, parts, given)
        return self._mean(terms), gradients

    def _by_mean(self, sums: Any, parts: int, *numbers: Any) -> None:
        def on_one(gradients: Any) -> None:
            self._apply(tf.nest.map_structure(lambda gradient: gradient / parts, gradients), numbers)

        self._strategy.run(on_one, (sums,))
        self._then(*numbers)

    def _added(self, sums: Any, more: Any) -> Any:
        return self._strategy.run(lambda *both: tf.nest.map_structure(tf.add, *both), (sums, more))

    def _on_each(self, function: Callable, number: int | tf.Tensor, parts: int, given: Sequence[Any]) -> Any:
        """The function on every device, of the share of part `number` that is the device's."""
        devices = self._strategy.num_replicas_in_sync
        shares = [Share(number + parts * device, parts * devices) for device in range(devices)]
        # Cut before they are sent: a device gets its own rows alone.
        tensors, numbers = given[: self._tensors], given[self._tensors :]
        own = [[*tf.nest.map_structure(share.rows, tensors), *numbers] for share in shares]
        if devices == 1:
            return function(shares[0], *own[0])
        return self._strategy.run(lambda: function(shares[replicas.number()], *own[replicas.number()]))

    def _apply(self, gradients: Sequence[Sequence[tf.Tensor]], numbers: Sequence[Any]) -> None:
        for (optimizer, variables), found in zip(self._learners(*numbers), gradients):
            backend.apply_gradients(optimizer, found, variables)

    def _mean(self, terms: Any) -> Any:
        if self._strategy.num_replicas_in_sync == 1:
            return terms
        return tf.nest.map_structure(lambda value: self._strategy.reduce("MEAN", value, axis=None), terms)
