"""The weights of PSPNet's authors, in the layout of their own file, as the file that PSPNet takes."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from tests.models.state_dicts import save_state_dict
from tf_ganaug.cli import main
from tf_ganaug.errors import InputError
from tf_ganaug.models.pspnet import pspnet
from tf_ganaug.models.resnet import STEM, BatchNorm, backbone_layers, load_backbone
from tf_ganaug.models.resnet_file import array_names, convert_resnet

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def network():
    return pspnet(64, 64, 3, 2, 50, 8, imagenet_input=True, seed=0)


@pytest.fixture(scope="module")
def arrays(network):
    """By the authors' names and in their layout, for a narrow ResNet-50, with its classifier."""
    made = {"fc.weight": RNG.normal(size=(10, 4)).astype(np.float32)}
    for layer in backbone_layers(network):
        name = STEM.get(layer.name, layer.name)
        if isinstance(layer, BatchNorm):
            parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
            made |= {f"{name}.{part}": RNG.uniform(0.5, 1, layer.gamma.shape).astype(np.float32) for part in parts}
        else:
            made[f"{name}.weight"] = RNG.normal(size=layer.kernel.shape).astype(np.float32).transpose(3, 2, 0, 1).copy()
    return made


def test_the_converted_file_is_what_the_network_takes(network, arrays, tmp_path):
    save_state_dict(tmp_path / "resnet50_v2.pth", arrays)
    command = ["convert-weights", "resnet", str(tmp_path / "resnet50_v2.pth"), str(tmp_path / "RESNET50.npz")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    with np.load(tmp_path / "RESNET50.npz") as file:
        wanted = {name for name in arrays if not name.startswith("fc.") and not name.endswith("tracked")}
        assert set(file.files) == wanted
        for name in wanted:
            np.testing.assert_array_equal(file[name], arrays[name])
    load_backbone(network, tmp_path / "RESNET50.npz")
    np.testing.assert_array_equal(
        network.get_layer("layer4.2.conv2").kernel, arrays["layer4.2.conv2.weight"].transpose(2, 3, 1, 0)
    )


def test_names_of_101_layers():
    names = array_names(101)
    # Of the backbone: 3 in the stem, 3 in each of 33 blocks and 4 beside them, each with a norm of 4 arrays.
    assert len(names) == len(set(names)) == (3 + 3 * 33 + 4) * 5 and "layer3.22.bn3.running_var" in names


@pytest.mark.parametrize(
    ("change", "out", "says"),
    [
        # As torchvision's own, which has one convolution of 7 x 7 and one norm before the stages.
        (lambda a: {n: v for n, v in a.items() if n[:5] not in ("conv2", "conv3")}, "a.npz", "conv2"),
        (lambda a: {**a, "conv1.weight": np.zeros((8, 3, 7, 7), np.float32)}, "a.npz", "another stem"),
        (lambda a: {n: v for n, v in a.items() if n != "layer2.3.bn1.bias"}, "a.npz", r"array layer2\.3\.bn1\.bias"),
        (lambda a: a, "a.h5", r"ends with \.npz"),
    ],
)
def test_other_networks_are_refused_and_nothing_is_written(arrays, tmp_path, change, out, says):
    save_state_dict(tmp_path / "other.pth", change(arrays))
    with pytest.raises(InputError, match=says):
        convert_resnet(tmp_path / "other.pth", tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == ["other.pth"]
