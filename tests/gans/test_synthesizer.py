"""Frozen statistics, sampling, stored values, and the exported model without this package."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tf_ganaug import backend
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.gans.model_files import export
from tf_ganaug.gans.synthesizer import Synthesizer, find_synthesizer, freeze_statistics
from tf_ganaug.models import dcgan
from tf_ganaug.models.layers import BatchStatisticsNorm
from tf_ganaug.random import fold

SPEC = LabelSpec.from_names({0: "background", 7: "lung"}, ignored=(255,))
PROVENANCE = Provenance(
    dataset="drawn",
    synthetic=True,
    cases=("a", "b"),
    subjects=("s",),
    dtype="uint16",
    low=100.0,
    high=4000.0,
    spacing=(0.5, 0.7),
)


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(2)
    made = dcgan.generator(16, 32, 4, dim=4, latent_size=6, he=True)  # one of the image, two classes, void
    freeze_statistics(made, seed=5, latents=96, batch=64)
    return made


@pytest.fixture(scope="module")
def synthesizer(generator):
    return Synthesizer.from_generator(generator, SPEC, PROVENANCE)


def test_frozen_statistics_are_those_of_the_training_activations(generator):
    # 96 latents are rounded up to two minibatches of 64.
    latents = [tf.random.stateless_normal((64, 6), fold(5, tf.constant(step), 4)) for step in range(2)]
    dense = generator.get_layer("Generator.Input")
    by_hand = np.concatenate([z.numpy() @ dense.kernel.numpy() for z in latents]).reshape(-1, 4 * 8, 8)
    first, *others = [layer for layer in generator.layers if isinstance(layer, BatchStatisticsNorm)]
    np.testing.assert_allclose(first.mean, by_hand.mean((0, 1)), atol=1e-5)
    np.testing.assert_allclose(first.variance, by_hand.var((0, 1)), rtol=1e-4)
    assert len(others) == 1
    for layer in others:
        maps = keras.Model(generator.inputs, layer.input)
        seen = np.concatenate([maps(z, training=True) for z in latents]).astype(np.float64)
        np.testing.assert_allclose(layer.mean, seen.mean((0, 1, 2)), atol=1e-5)
        np.testing.assert_allclose(layer.variance, seen.var((0, 1, 2)), rtol=1e-4)


def test_a_sample_depends_on_its_seed_and_number_only(synthesizer):
    images, labels = synthesizer.draw(20, seed=4)
    assert images.shape == (20, 16, 32, 1) and labels.shape == (20, 16, 32)
    assert set(np.unique(labels)) <= {0, 1, IGNORE} and len(set(np.unique(labels))) > 1
    for count in (1, 16, 17):
        fewer, fewer_labels = synthesizer.draw(count, seed=4)
        np.testing.assert_array_equal(fewer, images[:count])
        np.testing.assert_array_equal(fewer_labels, labels[:count])
    assert len(np.unique(images.reshape(20, -1), axis=0)) == 20
    assert not np.array_equal(synthesizer.draw(1, seed=5)[0], images[:1])


def test_a_sample_does_not_depend_on_its_batch_mates(synthesizer):
    z = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    mates = np.concatenate([z[:1], 10 * z[1:]])
    together, _ = synthesizer.pairs(tf.constant(z))
    np.testing.assert_array_equal(synthesizer.pairs(tf.constant(mates))[0][0], together[0])
    np.testing.assert_allclose(synthesizer.pairs(tf.constant(z[:1]))[0][0], together[0], atol=1e-5)


def test_by_batch_statistics_a_pair_is_as_in_training_and_a_sample_depends_on_its_seed_and_number_still(
    generator, tmp_path
):
    made = Synthesizer.from_generator(generator, SPEC, PROVENANCE, batch_statistics=True)
    z = tf.random.stateless_normal((5, 6), (0, 0))
    np.testing.assert_allclose(made.pairs(z)[0], generator(z, training=True)[..., :1], atol=1e-6)
    assert np.abs(made.pairs(z)[0] - generator(z, training=False)[..., :1]).max() > 0.01
    assert np.abs(made.pairs(z[:2])[0] - made.pairs(z)[0][:2]).max() > 0.01
    images, labels = made.draw(20, seed=4)
    for fewer, all_of_them in zip(made.draw(17, seed=4), (images, labels)):
        np.testing.assert_array_equal(fewer, all_of_them[:17])
    made.save(tmp_path / "model")
    np.testing.assert_array_equal(Synthesizer.load(tmp_path / "model").draw(20, seed=4)[0], images)


@pytest.mark.parametrize(
    ("dtype", "low", "high", "expected"),
    [
        ("uint8", 10.0, 265.0, [10, 74, 138, 201, 255]),
        ("uint8", -20.0, 200.0, [0, 35, 90, 145, 200]),
        ("uint16", 1000.0, 66000.0, [1000, 17250, 33500, 49750, 65535]),
        ("int16", -1000.0, 1000.0, [-1000, -500, 0, 500, 1000]),
        ("float32", -0.5, 1.5, [-0.5, 0.0, 0.5, 1.0, 1.5]),
    ],
)
def test_stored_values_are_rounded_and_clipped(dtype, low, high, expected):
    provenance = replace(PROVENANCE, dtype=dtype, low=low, high=high)
    stored = provenance.to_stored(np.float32([-1, -0.5, 0, 0.5, 1]))
    assert stored.dtype == dtype
    assert stored.tolist() == expected


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_picture_that_is_not_finite_is_refused(dtype, broken):
    images = np.zeros((3, 2, 2, 1), np.float32)
    images[1, 0, 1, 0] = broken
    with pytest.raises(InputError, match=r"finite pixels, found 1 of 3 .* --precision float32"):
        replace(PROVENANCE, dtype=dtype).to_stored(images)


def test_samples_are_in_stored_values(synthesizer):
    stored, labels = synthesizer.sample(2, seed=1)
    images, same_labels = synthesizer.draw(2, seed=1)
    assert stored.dtype == np.uint16 and labels.dtype == np.uint8
    np.testing.assert_allclose(stored, 100 + (images + 1) * 1950, atol=0.51)
    np.testing.assert_array_equal(labels, same_labels)


@pytest.fixture(scope="module")
def saved(synthesizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "synthesizer"
    synthesizer.save(folder)
    return folder


def test_loaded_makes_the_same_samples(synthesizer, saved):
    loaded = Synthesizer.load(saved)
    for mine, theirs in zip(synthesizer.sample(3, seed=9), loaded.sample(3, seed=9)):
        np.testing.assert_array_equal(mine, theirs)
    assert (loaded.spec, loaded.latent_size, loaded.image_shape) == (SPEC, 6, [16, 32, 1])
    metadata = json.loads((saved / "metadata.json").read_text())
    assert (metadata["dtype"], metadata["low"], metadata["high"]) == ("uint16", 100.0, 4000.0)
    assert metadata["cases"] == ["a", "b"] and metadata["synthetic"] is True


def test_only_what_is_called_is_stored(synthesizer, saved):
    """Not the four functions of every Keras layer, whose tracing took longer than all the rest."""
    stored = saved_model_pb2.SavedModel.FromString((saved / "saved_model.pb").read_bytes())
    nodes = stored.meta_graphs[0].object_graph_def.nodes
    assert sum(node.WhichOneof("kind") == "function" for node in nodes) == 2
    assert sum(node.WhichOneof("kind") == "variable" for node in nodes) == len(synthesizer.module.weights) > 8


def convolutions(saved):
    """The types in which the functions of a SavedModel convolve."""
    functions = saved_model_pb2.SavedModel.FromString((saved / "saved_model.pb").read_bytes()).meta_graphs[0]
    nodes = [node for function in functions.graph_def.library.function for node in function.node_def]
    return {node.attr["T"].type for node in nodes if node.op.startswith("Conv2D")}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_what_is_saved_after_half_precision_convolves_in_float32(tmp_path, policy):
    backend.set_precision(policy)
    try:
        trained = dcgan.generator(16, 32, 4, dim=4, latent_size=6, he=True)
        freeze_statistics(trained, seed=5, latents=64, batch=64)
        Synthesizer.from_generator(trained, SPEC, PROVENANCE).save(tmp_path / "made")
    finally:
        backend.set_precision("float32")
    assert convolutions(tmp_path / "made") == {tf.float32.as_datatype_enum}


ALONE = """
import sys
import numpy as np
import tensorflow as tf
sys.modules["tf_ganaug"] = None
try:
    import tf_ganaug
    sys.exit("tf_ganaug could be imported")
except ImportError:
    pass
model = tf.saved_model.load(sys.argv[1])
latents = tf.constant(np.load("latents.npy"))
served = model.signatures["serving_default"](latents=latents)
sampled = model.sample(tf.constant(3), tf.constant(9))
np.savez("made.npz", image=served["image"], mask=served["mask"], images=sampled["image"], masks=sampled["mask"])
"""


def test_exported_model_runs_without_this_package(synthesizer, saved, tmp_path):
    latents = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    np.save(tmp_path / "latents.npy", latents)
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(saved)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "made.npz") as made:
        image, mask = synthesizer.pairs(tf.constant(latents))
        images, masks = synthesizer.draw(3, seed=9)
        np.testing.assert_allclose(made["image"], image, atol=1e-6)
        np.testing.assert_array_equal(made["mask"], mask)
        np.testing.assert_allclose(made["images"], images, atol=1e-6)
        np.testing.assert_array_equal(made["masks"], masks)


def test_synthesizer_is_found_in_a_finished_run_and_exported(saved, tmp_path):
    run, out = saved.parent, tmp_path / "model"
    (run / "options.json").write_text("{}")
    with pytest.raises(InputError, match="interrupted"):
        find_synthesizer(run)
    (run / "result.json").write_text("{}")
    export(run, out)
    expected = find_synthesizer(run).draw(1, seed=3)[0]
    np.testing.assert_array_equal(find_synthesizer(out).draw(1, seed=3)[0], expected)
    with pytest.raises(InputError, match="a new folder"):
        export(run, out)
    with pytest.raises(InputError, match=r"no metadata\.json"):
        find_synthesizer(tmp_path)
