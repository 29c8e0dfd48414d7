"""Training steps as compiled functions, which can be put on paper: their graphs made, and nothing computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Optional

import tensorflow as tf

#: `tf.function` for what branches and loops in Python alone. AutoGraph would read it, with the layers of Keras that it
#: calls, and write it anew: a sixth of the time to the first step.
graph_function = partial(tf.function, autograph=False)

#: The same for what tf.data maps.
as_written = tf.autograph.experimental.do_not_convert

#: The graph of each call in `on_paper`, or None outside it.
_traced: Optional[list[tf.types.experimental.ConcreteFunction]] = None


@contextmanager
def on_paper() -> Iterator[list[tf.types.experimental.ConcreteFunction]]:
    """Inside it a `Compiled` step changes nothing and gives zeros; with every call its graph is added to the list."""
    global _traced
    _traced = []
    try:
        yield _traced
    finally:
        _traced = None


class Compiled:
    """A `tf.function`, for which `on_paper` holds.

    Args:
        function: of tensors and Python values, to tensors.
        signature: of its tensors; None takes them as they come.
        jit_compile: XLA.
    """

    def __init__(self, function: Callable, signature: Optional[list[tf.TensorSpec]] = None, jit_compile: bool = False):
        self.function = graph_function(function, signature, jit_compile=jit_compile)
        # With the sizes that a signature leaves open.
        self._sized = graph_function(function) if signature else self.function

    def __call__(self, *arguments: Any) -> Any:
        if _traced is None:
            return self.function(*arguments)
        graph = self._sized.get_concrete_function(*arguments)
        _traced.append(graph)
        return tf.nest.map_structure(lambda kind: tf.zeros(kind.shape, kind.dtype), graph.structured_outputs)
