"""The ImageNet weights of PSPNet's authors as the file that `load_backbone` takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing
from tf_ganaug.models.resnet import BLOCKS, STEM
from tf_ganaug.models.torch_file import read_state_dict

#: Arrays of a norm.
NORM = ("weight", "bias", "running_mean", "running_var")


def convert_resnet(source: Path, out: Path) -> None:
    """Writes resnet50_v2.pth or resnet101_v2.pth of the authors as .npz, less its classifier.

    Raises:
        InputError: if the source holds another network, such as torchvision's, whose stem is one convolution of 7 x 7.
    """
    if out.suffix != ".npz":
        raise InputError(out, "a name that ends with .npz", out.name, "choose another OUT")
    stored = read_state_dict(source, lambda name: not name.startswith("fc."))
    stem = stored.get("conv1.weight")
    layers = 101 if "layer3.6.conv1.weight" in stored else 50
    absent = [name for name in array_names(layers) if name not in stored]
    if absent or stem.shape[2:] != (3, 3):
        found = f"no array {absent[0]}" if absent else "another stem"
        remedy = "take resnet50_v2.pth or resnet101_v2.pth of PSPNet's authors (github.com/hszhao/semseg, initmodel)"
        raise InputError(source, "a ResNet with a stem of three 3 x 3 convolutions", found, remedy)
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez(file, **{name: stored[name] for name in array_names(layers)})


def array_names(layers: int) -> list[str]:
    """Of the arrays of a ResNet of so many layers, a key of `resnet.BLOCKS`, by the authors' names."""
    convolutions = {name: name.replace("conv", "bn") for name in STEM.values() if name.startswith("conv")}
    for stage, blocks in enumerate(BLOCKS[layers], 1):
        for block in range(blocks):
            place = f"layer{stage}.{block}"
            convolutions |= {f"{place}.conv{number}": f"{place}.bn{number}" for number in (1, 2, 3)}
        convolutions[f"layer{stage}.0.downsample.0"] = f"layer{stage}.0.downsample.1"
    norms = [f"{norm}.{part}" for norm in convolutions.values() for part in NORM]
    return [f"{convolution}.weight" for convolution in convolutions] + norms
