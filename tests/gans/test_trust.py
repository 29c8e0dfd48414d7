"""A SavedModel is a program: one that is not ours does not run, and weights are read without running anything."""

from __future__ import annotations

import io
import json
import pickle
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from tf_ganaug.commands.export import export as export_command
from tf_ganaug.commands.sample import sample
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.files import digest
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.gans.weights import read_weights
from tf_ganaug.models import dcgan

SPEC = LabelSpec.from_names({0: "background", 7: "lung"})
PROVENANCE = Provenance("drawn", True, ("a",), ("s",), "uint8", 0.0, 255.0, (1.0, 1.0))


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(2)
    return dcgan.generator(8, 8, 3, dim=2, latent_size=4)


@pytest.fixture(scope="module")
def model(generator, tmp_path_factory):
    """A finished run's folder."""
    run = tmp_path_factory.mktemp("runs") / "gan-fold0"
    run.mkdir()
    Synthesizer.from_generator(generator, SPEC, PROVENANCE).save(run / "synthesizer")
    (run / "options.json").write_text('{"gan": {"dim": 2}}')
    (run / "result.json").write_text("{}")
    return run


class Hostile(tf.Module):
    """Writes a file of its choice when it is sampled."""

    def __init__(self, target):
        super().__init__()
        self.target = target

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    def pairs(self, latents):
        tf.io.write_file(self.target, "was here")
        count = tf.shape(latents)[0]
        return {"image": tf.zeros((count, 8, 8, 1)), "mask": tf.zeros((count, 8, 8), tf.uint8)}

    @tf.function(input_signature=[tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32)])
    def sample(self, n, seed):
        return self.pairs(tf.zeros((n, 4)))


def drawn(*arguments):
    return CliRunner().invoke(sample, [*map(str, arguments), "-n", "2"])


def test_a_model_from_elsewhere_is_run_with_trust_only(model, tmp_path):
    folder, target = tmp_path / "model", tmp_path / "written by the model"
    hostile = Hostile(str(target))
    tf.saved_model.save(hostile, str(folder), {"serving_default": hostile.pairs.get_concrete_function()})
    metadata = json.loads((model / "synthesizer" / "metadata.json").read_text())
    for stored in ({}, {"sha256": metadata["sha256"]}):  # none, and those of one of ours
        mine = {name: value for name, value in metadata.items() if name != "sha256"}
        (folder / "metadata.json").write_text(json.dumps({**mine, **stored}))
        done = drawn(folder, "--out", tmp_path / "pairs")
        assert done.exit_code == 2 and "expected" in done.stderr and not target.exists()
        assert not (tmp_path / "pairs").exists()
        assert stored or "--trust" in done.stderr
    (folder / "metadata.json").write_text(json.dumps(mine))
    done = drawn(folder, "--out", tmp_path / "pairs", "--trust")
    assert done.exit_code == 0 and target.exists(), done.output


def test_our_own_needs_no_trust(model, tmp_path):
    done = drawn(model, "--out", tmp_path / "pairs")
    assert done.exit_code == 0, done.output
    # Passed on with the pairs: the name of the run, not the way to it.
    assert json.loads((tmp_path / "pairs" / "provenance.json").read_text())["generator"] == "gan-fold0"


@pytest.mark.parametrize(
    "file", ["saved_model.pb", "variables/variables.data-00000-of-00001", "new.pb", "metadata.json"]
)
@pytest.mark.parametrize("damage", ["cut", "bit"])
def test_damaged_models_are_one_line(model, tmp_path, file, damage):
    folder = tmp_path / "model"
    shutil.copytree(model / "synthesizer", folder)
    path = folder / file
    data = bytearray(path.read_bytes() if path.exists() else b"more")
    if damage == "cut":
        del data[len(data) // 2 :]
    else:
        data[0] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(InputError) as error:
        Synthesizer.load(folder, trust=True)
    assert file == "metadata.json" or file in str(error.value)


def test_a_killed_save_is_made_again(generator, model, tmp_path):
    half = tmp_path / "synthesizer"
    (half / "variables").mkdir(parents=True)
    (half / "saved_model.pb").write_bytes(b"half")
    Synthesizer.from_generator(generator, SPEC, PROVENANCE).save(half)
    expected = Synthesizer.load(model / "synthesizer").draw(2, seed=1)[0]
    np.testing.assert_array_equal(Synthesizer.load(half).draw(2, seed=1)[0], expected)


def test_weights_are_exported_as_arrays(generator, model, tmp_path):
    out = tmp_path / "weights"
    done = CliRunner().invoke(export_command, [str(model), str(out), "--format", "weights"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == ["MODEL_CARD.md", "weights.json", "weights.npz"]
    arrays, described = read_weights(out)
    assert described["options"] == {"gan": {"dim": 2}} and described["label_spec"]["classes"][1]["name"] == "lung"
    assert {name: (tuple(d["shape"]), d["dtype"]) for name, d in described["arrays"].items()} == {
        name: (array.shape, str(array.dtype)) for name, array in arrays.items()
    }
    found = sorted(array.tobytes() for array in arrays.values())
    for weight in generator.get_weights():
        assert weight.tobytes() in found
    done = CliRunner().invoke(export_command, [str(model), str(out), "--format", "weights"])
    assert done.exit_code == 2 and "a new folder" in done.stderr


def test_a_card_shows_names_as_they_stand(generator, tmp_path):
    """Names of classes and data sets are others' texts: no tags, pictures or links."""
    spec = LabelSpec.from_names({0: "background", 7: "<script>x</script>"})
    named = replace(PROVENANCE, dataset="![a](http://b.c/d.png)")
    Synthesizer.from_generator(generator, spec, named).save(tmp_path / "model")
    done = CliRunner().invoke(export_command, [str(tmp_path / "model"), str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert r"\<script>x\</script>" in card and r"![a\](http\://b.c/d.png)" in card


@pytest.mark.parametrize(
    "changes", [{"cases": "abc"}, {"subjects": 5}, {"low": "x"}, {"dtype": "O"}, {"latent_size": 9}]
)
def test_what_a_model_says_of_itself_is_checked(model, tmp_path, changes):
    """It has no digest; a text for a list of cases would let held-out ones through."""
    folder = shutil.copytree(model / "synthesizer", tmp_path / "model")
    stored = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**stored, **changes}))
    with pytest.raises(InputError, match="a synthesizer"):
        Synthesizer.load(folder)


class Caught:
    """Pickle would call this."""

    def __reduce__(self):
        return (open, ("pickle was run", "w"))


def test_reading_weights_runs_nothing(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(export_command, [str(model), "good", "--format", "weights"])
    arrays, described = read_weights(tmp_path / "good")
    file = io.BytesIO()
    np.savez(file, **{name: np.array([Caught()], object) for name in arrays})
    bad = tmp_path / "bad"
    for data in (file.getvalue(), pickle.dumps(Caught()), b""):
        bad.mkdir(exist_ok=True)
        (bad / "weights.npz").write_bytes(data)
        (bad / "weights.json").write_text(json.dumps({**described, "sha256": digest(bad / "weights.npz")}))
        with pytest.raises(InputError):
            read_weights(bad)
    (tmp_path / "good" / "weights.npz").write_bytes(file.getvalue())
    with pytest.raises(InputError, match="SHA-256"):
        read_weights(tmp_path / "good")
    assert not (tmp_path / "pickle was run").exists()
