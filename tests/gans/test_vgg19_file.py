"""torchvision's VGG-19, in the layout of its own file, as the file that the VGG loss takes."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from tests.models.state_dicts import save_state_dict
from tf_ganaug.cli import main
from tf_ganaug.errors import InputError
from tf_ganaug.gans.perceptual import TORCHVISION_FILTER, PerceptualLoss, load_vgg19
from tf_ganaug.gans.style_transfer import StyleTransfer
from tf_ganaug.gans.vgg19_file import convert_vgg19

#: Number in `features` and maps of torchvision's convolutions (models/vgg.py, configuration E).
FEATURES = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 16: 256}
FEATURES |= dict.fromkeys((19, 21, 23, 25, 28, 30, 32, 34), 512)


def torchvisions() -> dict[str, np.ndarray]:
    """Arrays named and shaped as torchvision's, with its first filter; the classifier is a token."""
    arrays, maps_in = {"classifier.6.bias": np.zeros(1000, np.float32)}, 3
    for number, maps in FEATURES.items():
        shape = (maps, maps_in, 3, 3)
        arrays[f"features.{number}.weight"] = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 997 / 997
        arrays[f"features.{number}.bias"] = np.full(maps, number, np.float32)
        maps_in = maps
    arrays["features.0.weight"][0] = TORCHVISION_FILTER
    return arrays


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    place = tmp_path_factory.mktemp("weights")
    save_state_dict(place / "vgg19.pth", torchvisions())
    done = CliRunner().invoke(main, ["convert-weights", "vgg19", str(place / "vgg19.pth"), str(place / "VGG19.h5")])
    assert done.exit_code == 0, done.output
    return place / "VGG19.h5"


def test_every_kernel_and_bias_is_where_keras_has_it(converted):
    arrays, network = torchvisions(), load_vgg19(converted)
    layers = [layer for layer in network.layers if layer.weights]
    assert len(layers) == len(FEATURES) == 16
    for layer, number in zip(layers, FEATURES):
        kernel, bias = layer.get_weights()
        np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1), arrays[f"features.{number}.weight"])
        np.testing.assert_array_equal(bias, arrays[f"features.{number}.bias"])


def test_the_vgg_loss_takes_the_file_and_style_transfer_does_not(converted):
    assert len(PerceptualLoss(converted).features.outputs) == 5
    with pytest.raises(InputError, match=r"VGG19\.h5: expected Keras' own VGG-19 weights"):
        StyleTransfer(converted, 1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("first", "out", "says"),
    [
        (TORCHVISION_FILTER, "a.h5", r"expected kernel and bias of features\.2, found others, or none"),
        (TORCHVISION_FILTER[::-1], "a.h5", "others by the first filter"),  # blue first, as Keras' own
        (None, "a.h5", "others by the first filter"),
        (TORCHVISION_FILTER, "a.weights.h5", r"not with \.weights\.h5"),
        (TORCHVISION_FILTER, "a.npz", r"ends with \.h5"),
    ],
)
def test_other_files_are_refused_and_nothing_is_written(tmp_path, first, out, says):
    arrays = {"features.0.bias": np.zeros(64, np.float32)}
    if first is not None:
        arrays["features.0.weight"] = np.resize(first, (64, 3, 3, 3)).astype(np.float32)
    save_state_dict(tmp_path / "other.pth", arrays)
    with pytest.raises(InputError, match=says):
        convert_vgg19(tmp_path / "other.pth", tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == ["other.pth"]


def test_nothing_is_written_over(converted):
    before = converted.stat().st_mtime_ns
    done = CliRunner().invoke(main, ["convert-weights", "vgg19", str(converted), str(converted)])
    assert done.exit_code == 2 and "expected a new file" in done.stderr
    assert converted.stat().st_mtime_ns == before
