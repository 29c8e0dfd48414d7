"""torchvision's VGG-19 as the file that `PerceptualLoss` takes."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing
from tf_ganaug.gans.perceptual import has_torchvisions_filter
from tf_ganaug.models.torch_file import read_state_dict

#: Convolutions of each block.
BLOCKS = (2, 2, 4, 4, 4)


def torchvision_names() -> dict[str, str]:
    """From Keras' names of the convolutions to torchvision's: a ReLU follows each, and a pooling each block."""
    names, number = {}, 0
    for block, convolutions in enumerate(BLOCKS, 1):
        for convolution in range(1, convolutions + 1):
            names[f"block{block}_conv{convolution}"] = f"features.{number}"
            number += 2
        number += 1
    return names


def convert_vgg19(source: Path, out: Path) -> None:
    """Writes torchvision's vgg19-dcbb9e9d.pth in the layout of Keras' `VGG19(include_top=False)`, the older HDF5.

    Raises:
        InputError: if the source holds other weights, or `out` has not the name of such a file.
    """
    if not out.name.endswith(".h5") or out.name.endswith(".weights.h5"):
        # By that ending Keras takes it for its newer layout.
        raise InputError(out, "a name that ends with .h5, and not with .weights.h5", out.name, "choose another OUT")
    names = torchvision_names()
    stored = read_state_dict(source, lambda name: name.rpartition(".")[0] in names.values())
    kernel = stored.get("features.0.weight")
    if kernel is None or kernel.shape[1:] != (3, 3, 3) or not has_torchvisions_filter(kernel[0]):
        expected, found = "torchvision's VGG-19 (vgg19-dcbb9e9d.pth)", "others by the first filter"
        raise InputError(source, expected, found, "name that file")
    with replacing(out) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"layer_names": [name.encode() for name in names], "backend": b"tensorflow"})
        file.attrs["keras_version"] = b"2.15.0"  # whose layout it is
        for ours, theirs in names.items():
            _write_layer(file, ours, _layer(stored, theirs, source))


def _layer(stored: dict[str, np.ndarray], name: str, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Kernel (3, 3, in, out) and bias (out,) float32 of a convolution."""
    kernel, bias = (stored.get(f"{name}.{part}") for part in ("weight", "bias"))
    if kernel is None or bias is None or kernel.shape[2:] != (3, 3) or kernel.shape[:1] != bias.shape:
        raise InputError(source, f"kernel and bias of {name}", "others, or none", "download the file again")
    return kernel.transpose(2, 3, 1, 0).astype(np.float32), bias.astype(np.float32)


def _write_layer(file: h5py.File, name: str, weights: tuple[np.ndarray, np.ndarray]) -> None:
    group, parts = file.create_group(name), (f"{name}/kernel:0", f"{name}/bias:0")
    group.attrs["weight_names"] = [part.encode() for part in parts]
    for part, value in zip(parts, weights):
        group.create_dataset(part, data=value)
