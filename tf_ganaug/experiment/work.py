"""What compiled steps ask of a machine, read from their graphs: arithmetic, traffic and memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

#: Operations whose result is their first input's memory, or a variable's.
_ALIASES = ("Identity", "Reshape", "Squeeze", "ExpandDims", "StopGradient", "PreventGradient")
_FREE = ("Const", "ReadVariableOp", "Placeholder", "NoOp")

#: Operations that read their inputs again while they write, so that they never write in their place.
_CONVOLUTIONS = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")
_PRODUCTS = ("MatMul", "BatchMatMulV2")


@dataclass(frozen=True)
class Work:
    """Of calls of compiled steps.

    Attributes:
        operations: multiplications and additions of convolutions and matrix products.
        moved: bytes that are read and written.
        results: bytes, the most that are held at a time of what one operation leaves for others.
        variables: bytes of networks and optimisers.
    """

    operations: float
    moved: float
    results: float
    variables: float

    @property
    def memory(self) -> float:
        """Bytes on the device."""
        return self.results + self.variables

    @classmethod
    def of(cls, calls: Iterable[tf.types.experimental.ConcreteFunction]) -> Work:
        """Of calls one after the other, which share variables."""
        times = Counter(calls)
        steps = {graph: _needed(graph.graph) for graph in times}
        variables = {id(variable): variable for graph in times for variable in graph.variables}
        return cls(
            sum(count * sum(map(_arithmetic, steps[graph])) for graph, count in times.items()),
            sum(count * sum(map(_traffic, steps[graph])) for graph, count in times.items()),
            max(map(_most_held, steps.values()), default=0),
            sum(map(_bytes, variables.values())),
        )


def _needed(graph: tf.Graph) -> list[tf.Operation]:
    """The operations that outputs and changes of variables depend on, in an order in which they can run."""
    waiting = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    found = set(waiting)
    while waiting:
        node = waiting.pop()
        for before in (*(tensor.op for tensor in node.inputs), *node.control_inputs):
            if before not in found:
                found.add(before)
                waiting.append(before)
    return [node for node in graph.get_operations() if node in found]


def _bytes(tensor: tf.Tensor | tf.Variable) -> int:
    """Of one whose shape is known, else 0, as of those that are numbers about shapes."""
    shape, kind = tf.TensorShape(tensor.shape), tf.as_dtype(tensor.dtype)
    if not shape.is_fully_defined() or kind in (tf.resource, tf.variant, tf.string):
        return 0
    return shape.num_elements() * kind.size


def _traffic(node: tf.Operation) -> int:
    free = node.type in (*_ALIASES, *_FREE)
    return 0 if free else sum(map(_bytes, [*node.inputs, *node.outputs]))


def _arithmetic(node: tf.Operation) -> float:
    """0 of other operations, and of those whose sizes are not known."""
    if node.type in _CONVOLUTIONS:
        kernel = (node.outputs[0] if node.type == "Conv2DBackpropFilter" else node.inputs[1]).shape
        places = (node.outputs[0] if node.type == "Conv2D" else node.inputs[2]).shape
        each = np.prod(kernel[:3]) if kernel.is_fully_defined() else 0.0
    elif node.type in _PRODUCTS:
        first, places = node.inputs[0].shape, node.outputs[0].shape
        transposed = node.get_attr("transpose_a" if node.type == "MatMul" else "adj_x")
        each = first[-2 if transposed else -1] or 0.0
    else:
        return 0.0
    return 2.0 * each * (places.num_elements() or 0)


def _most_held(step: list[tf.Operation]) -> float:
    """Bytes of results, each held from its operation to the last one that reads it."""
    root, last, size = {}, {}, {}
    for place, node in enumerate(step):
        for tensor in node.inputs:
            last[root[tensor.ref()]] = place
        for tensor in node.outputs:
            alias = node.type in _ALIASES
            root[tensor.ref()] = root[node.inputs[0].ref()] if alias else tensor.ref()
            if not alias:
                last[tensor.ref()], size[tensor.ref()] = place, 0 if node.type in _FREE else _bytes(tensor)
    dying = {}
    for tensor, place in last.items():
        dying.setdefault(place, set()).add(tensor)
    held = most = 0
    for place, node in enumerate(step):
        own = {tensor.ref() for tensor in node.outputs}
        made, ended = (sum(size.get(tensor, 0) for tensor in group) for group in (own, dying.get(place, set())))
        # All but these write over inputs that nobody reads after them.
        over = 0 if node.type in (*_CONVOLUTIONS, *_PRODUCTS) else sum(size[t] for t in dying.get(place, set()) - own)
        most = max(most, held + made - min(made, over))
        held += made - ended
    return most
