"""VGG-16's weights, which the user supplies, into an FCN-8s (Karki 2020, section 4.1)."""

from __future__ import annotations

from pathlib import Path

import h5py
import keras
import numpy as np

from tf_ganaug.errors import InputError, reading
from tf_ganaug.models.fcn8s import CONVOLUTIONS
from tf_ganaug.weight_files import require_bounded

#: Layers of FCN-8s by Keras' names of VGG-16's, in Keras' order.
TRUNK = {
    f"block{block}_conv{number}": f"conv{block}_{number}"
    for block, convolutions in enumerate(CONVOLUTIONS, 1)
    for number in range(1, convolutions + 1)
}
TOP = {"fc1": "fc6", "fc2": "fc7"}

_EXPECTED = "VGG-16 weights (HDF5)"
_REMEDY = "name a file of Keras' VGG16, and leave the segmenter's widths at VGG-16's"


def load_vgg16(model: keras.Model, path: Path) -> bool:
    """Puts a file of Keras' VGG-16 into an FCN-8s, which must take `caffe_input` and have VGG-16's widths.

    Args:
        model: from `models.fcn8s`, changed in place.
        path: HDF5, as Keras publishes it or as `save_weights` and `save` write it. With top it fills
            fc6 and fc7 too.

    Returns:
        Whether fc6 and fc7 are filled. Without top they are left as they were.

    Raises:
        InputError: if the file is missing or damaged, or a layer is absent or has another shape.
    """
    with reading(path, _EXPECTED, _REMEDY):
        require_bounded(path)
        with h5py.File(path) as file:
            weights = {**_named(file, TRUNK, "conv2d"), **_named(file, TOP, "dense")}
    absent = [name for name in TRUNK if name not in weights]
    if absent:
        raise _refusal(path, f"no layer {absent[0]}")
    names = {**TRUNK, **TOP} if all(name in weights for name in TOP) else TRUNK
    pairs = [(name, weights[name], model.get_layer(ours)) for name, ours in names.items()]
    for name, (kernel, bias), layer in pairs:
        wanted = tuple(layer.kernel.shape)
        flat = (int(np.prod(wanted[:-1])), wanted[-1])  # a dense layer's kernel is a convolution's, flattened
        if kernel.shape != (flat if name in TOP else wanted) or bias.shape != wanted[-1:]:
            raise _refusal(path, f"a kernel {kernel.shape} of {name} where the network has {wanted}")
    for _, (kernel, bias), layer in pairs:
        layer.kernel.assign(kernel.reshape(layer.kernel.shape))
        layer.bias.assign(bias)
    return names is not TRUNK


def _named(file: h5py.File, names: dict[str, str], kind: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias by Keras' names of the layers, as far as they are there.

    `.weights.h5` files hold layers by kind and order (`conv2d`, `conv2d_1`), others by name; `save` adds a level.
    """
    root = file.get("layers", file.get("model_weights", file))
    found = {}
    for number, name in enumerate(names):
        group = root.get(f"{kind}_{number}" if number else kind) if "layers" in file else root.get(name)
        by_rank = {array.ndim: array for array in _arrays(group)} if group is not None else {}
        if 1 in by_rank and max(by_rank) > 1:
            found[name] = by_rank[max(by_rank)], by_rank[1]
    return found


def _arrays(group: h5py.Group) -> list[np.ndarray]:
    """Of the group and those below it."""
    arrays = []
    group.visititems(lambda _, item: arrays.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return arrays


def _refusal(path: Path, found: str) -> InputError:
    return InputError(path, _EXPECTED, found, _REMEDY)
