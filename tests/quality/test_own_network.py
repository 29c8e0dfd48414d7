"""A network of the user's own is read without running anything that its file may hold."""

from __future__ import annotations

import json
import zipfile

import keras
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.quality.own_network import read_network

SHAPE = (16, 16, 1)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Convolution, norm, pooling and a sum, as a user saves them."""
    inputs = keras.Input((None, None, 1))
    maps = keras.layers.Conv2D(3, 3, padding="same", activation="relu", kernel_regularizer="l2")(inputs)
    normed = keras.layers.BatchNormalization()(maps)
    maps = keras.layers.MaxPooling2D()(keras.layers.Add()([maps, normed]))
    network = keras.Model(inputs, keras.Sequential([keras.layers.Conv2D(3, 1), keras.layers.LeakyReLU()])(maps))
    path = tmp_path_factory.mktemp("own") / "own.keras"
    network.save(path)
    return path


# Keras 2.15 warns when a whole model is written as HDF5.
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")
def test_plain_layers_are_read(own, tmp_path):
    assert read_network(own, SHAPE).output_shape[-1] == 3
    inputs = keras.Input((None, None, 1))
    flat = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    flat.save(tmp_path / "flat.keras")
    flat.save(tmp_path / "old.h5")
    (tmp_path / "old.h5").rename(tmp_path / "old.keras")
    (tmp_path / "cut.keras").write_bytes(own.read_bytes()[:999])
    for path, shape in (
        *((tmp_path / f"{name}.keras", SHAPE) for name in ("flat", "old", "cut", "none")),
        (own, (16, 16, 2)),
        (own.parent, SHAPE),
    ):
        with pytest.raises(InputError, match=r"a Keras model \(.keras\) from images"):
            read_network(path, shape)


#: What Keras 2.15 imports and takes for a function.
MAKEDIRS = {"module": "os", "class_name": "function", "config": "makedirs", "registered_name": "makedirs"}


def in_lambda(config, target):
    """Keras 2.15 calls it while it reads the file, in its safe mode too."""
    layer = {"name": "more", "function": MAKEDIRS, "function_type": "function", "output_shape": None}
    layer |= {"output_shape_type": "raw"}
    more = {"module": "keras.layers", "class_name": "Lambda", "config": layer, "registered_name": None, "name": "more"}
    config["layers"].append({**more, "inbound_nodes": [["_CONSTANT_VALUE", -1, target, {}]]})


def in_type(config, target):
    """A class that is called with what the file says."""
    run = {"args": ["mkdir", target]}
    names = {"module": "subprocess", "spec_name": "Popen", "registered_name": "x"}
    config["layers"][1]["config"]["kernel_initializer"] = {"class_name": "__typespec__", "config": run, **names}


def as_activation(config, target):
    config["layers"][1]["config"]["activation"] = MAKEDIRS


def of_a_module(config, target):
    config["layers"][1]["module"] = "antigravity"


def reading_a_file(config, target):
    layer = {"name": "more", "vocabulary": target}
    more = {"module": "keras.layers", "class_name": "StringLookup", "config": layer, "registered_name": None}
    config["layers"].append({**more, "name": "more", "inbound_nodes": []})


@pytest.mark.parametrize("change", [in_lambda, in_type, as_activation, of_a_module, reading_a_file])
def test_programs_are_refused_and_do_not_run(own, tmp_path, change):
    target = tmp_path / "made by the file"
    with zipfile.ZipFile(own) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(files["config.json"])
    change(described["config"], str(target))
    with zipfile.ZipFile(tmp_path / "hostile.keras", "w") as archive:
        for name, data in {**files, "config.json": json.dumps(described)}.items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match="more than a plain layer and could run anything"):
        read_network(tmp_path / "hostile.keras", SHAPE)
    assert not target.exists()
