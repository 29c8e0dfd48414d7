"""Files of weights, damaged in many ways: used as they were or refused in a line, whatever their library raises."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from tests.fuzz.test_fuzz import damaged
from tf_ganaug import weight_files
from tf_ganaug.errors import InputError
from tf_ganaug.files import digest
from tf_ganaug.gans.perceptual import load_vgg19
from tf_ganaug.gans.weights import read_weights
from tf_ganaug.golden.case import load_case
from tf_ganaug.models.resnet import load_backbone
from tf_ganaug.models.torch_file import read_state_dict
from tf_ganaug.models.vgg16 import TRUNK, load_vgg16
from tf_ganaug.quality.own_network import read_network

ARRAYS = {f"x{number}": np.linspace(0, number, 60).reshape(20, 3) for number in range(4)}


def save_vgg16(path):
    with h5py.File(path, "w") as file:
        for name in TRUNK:
            file[f"{name}/{name}/kernel:0"] = np.ones((3, 3, 2, 3), np.float32)
            file[f"{name}/{name}/bias:0"] = np.ones(3, np.float32)


def of_vgg16(path):
    layer = SimpleNamespace(kernel=np.zeros((1, 1, 1, 1)))  # of another network, so that no file fits
    load_vgg16(SimpleNamespace(get_layer=lambda name: layer), path)


def exported(path):
    described = {"sha256": digest(path), "arrays": dict.fromkeys(ARRAYS)}
    path.with_name("weights.json").write_text(json.dumps(described))
    path.replace(path.with_name("weights.npz"))
    read_weights(path.parent)


def golden(path):
    path.with_suffix(".json").write_text(json.dumps({"case": "a", "network": "b", "kwargs": {}}))
    load_case(path.with_suffix(".json"))


FILES = {
    "VGG-16": (save_vgg16, of_vgg16),
    "ResNet": (
        lambda path: np.savez_compressed(path, **ARRAYS),
        lambda path: load_backbone(SimpleNamespace(layers=[]), path),
    ),
    "exported": (lambda path: np.savez_compressed(path, **ARRAYS), exported),
    "golden": (lambda path: np.savez(path, **ARRAYS), golden),
}


@pytest.mark.parametrize("kind", FILES)
def test_damage_is_one_line(tmp_path, kind):
    save, read = FILES[kind]
    save(tmp_path / "whole.npz")
    whole, counts = (tmp_path / "whole.npz").read_bytes(), Counter()
    for number in range(150):
        (tmp_path / "damaged.npz").write_bytes(damaged(whole, np.random.default_rng(number)))
        try:
            read(tmp_path / "damaged.npz")
            counts["read"] += 1
        except InputError as error:
            assert "\n" not in str(error)
            counts["refused"] += 1
    assert counts["refused"] > 75


def sparse(path, numbers=1 << 40):
    """HDF5 that states more than it stores."""
    with h5py.File(path, "w") as file:
        file.create_dataset("block1_conv1/kernel", (numbers,), np.float32, chunks=(1 << 20,))


def of_zeros(path):
    with path.open("wb") as file:
        np.savez_compressed(file, x=np.zeros(1 << 18))


def in_keras(path):
    sparse(path)
    content = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", content)


def with_an_archive_behind(path):
    sparse(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x.npy", "")


READERS = {
    "vgg16.h5": (sparse, of_vgg16),
    "vgg19.h5": (sparse, load_vgg19),
    "both.h5": (with_an_archive_behind, of_vgg16),
    "own.keras": (in_keras, lambda path: read_network(path, (64, 64, 1))),
    "resnet.npz": (of_zeros, FILES["ResNet"][1]),
    "exported.npz": (of_zeros, exported),
    "golden.npz": (of_zeros, golden),
    "torch.pth": (of_zeros, lambda path: read_state_dict(path, bool)),
}


@pytest.mark.parametrize("name", READERS)
def test_what_unfolds_beyond_a_limit_is_refused_before_it_does(tmp_path, monkeypatch, name):
    save, read = READERS[name]
    monkeypatch.setattr(weight_files, "MOST", 1 << 20)
    save(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 1 << 16
    with pytest.raises(InputError, match=r"expected weights of at most 1,048,576 bytes, found [\d,]+ when unfolded"):
        read(tmp_path / name)
