"""Files of weights, damaged in many ways: used as they were or refused in a line, whatever their library raises."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from tests.fuzz.test_fuzz import damaged
from tf_ganaug.errors import InputError
from tf_ganaug.files import digest
from tf_ganaug.gans.weights import read_weights
from tf_ganaug.golden.case import load_case
from tf_ganaug.models.resnet import load_backbone
from tf_ganaug.models.vgg16 import TRUNK, load_vgg16

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
