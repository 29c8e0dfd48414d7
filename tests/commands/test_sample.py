"""`sample` writes the pairs of a generator, and none that is nearly one of its training images."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.data import folder
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.pictures import write_png
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.gans.synthesizer import CHUNK, Synthesizer
from tf_ganaug.quality.copies import COPY, nearest

SPEC = LabelSpec.from_names({0: "background", 7: "lesion"})
SIDE = 32
CASES = [f"p{subject}_{number}" for subject in range(4) for number in range(3)]
LOW, HIGH = 10.0, 210.0


class Memory(tf.Module):
    """A generator that knows its training images by heart, and every second time adds as much noise as it draws."""

    def __init__(self, images):
        super().__init__()
        self.images = tf.Variable(images, trainable=False)
        self.noise = tf.Variable(np.random.default_rng(1).normal(0, 1, images.shape[1:]).astype("f"), trainable=False)

    def make(self, latents):
        numbers = tf.cast(tf.abs(latents[:, 0]) * 1e4, tf.int32)
        known = tf.gather(self.images, numbers % len(CASES))
        much = tf.where(numbers % 2 == 0, 0.0, tf.abs(latents[:, 1]))
        return known + much[:, None, None, None] * self.noise, tf.cast(known[..., 0] > 0, tf.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Radiographs of twice the generator's size, so that they have to be brought to it."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir()
    for name in [*CASES, "other"]:
        blocks = rng.integers(int(LOW), 120, (SIDE, SIDE), np.uint8)
        write_png(root / "images" / f"{name}.png", blocks.repeat(2, 0).repeat(2, 1))
        write_png(
            root / "labels" / f"{name}.png", np.where(np.indices((2 * SIDE, 2 * SIDE))[0] < 9, 7, 0).astype(np.uint8)
        )
    (root / "dataset.yaml").write_text(
        "name: lesions\nclasses: {7: lesion}\nsubject: (p\\d|other)\nspacing: [0.5, 0.5]\n"
    )
    return root


@pytest.fixture(scope="module")
def images(data):
    """Of the training cases, at the generator's size, in [-1, 1]."""
    stored = np.stack([case.read_image()[::2, ::2] for case in folder.read(data).cases if case.id in CASES])
    return ((stored.astype(np.float32) - LOW) / (HIGH - LOW) * 2 - 1).astype(np.float32)


def provenance(**changes):
    facts = {
        "dataset": "lesions",
        "synthetic": False,
        "cases": tuple(CASES),
        "subjects": ("p0", "p1", "p2", "p3"),
        "dtype": "uint8",
        "low": LOW,
        "high": HIGH,
        "spacing": (1.0, 1.0),
    }
    return Provenance(**{**facts, **changes})


def synthesizer_of(images, **changes):
    memory = Memory(images)
    return Synthesizer.from_function(memory.make, 2, SPEC, provenance(**changes))


@pytest.fixture(scope="module")
def model(images, tmp_path_factory):
    place = tmp_path_factory.mktemp("model") / "model"
    synthesizer_of(images).save(place)
    return place


def run(*arguments):
    done = CliRunner().invoke(main, ["sample", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_chunks_are_the_pairs_of_a_sample(images):
    synthesizer = synthesizer_of(images)
    expected = synthesizer.draw(40, seed=3)
    parts = [part for part, _ in zip(synthesizer.chunks(3), range(3))]
    assert [len(labels) for _, labels in parts] == [CHUNK] * 3
    for together, drawn in zip(map(np.concatenate, zip(*parts)), expected):
        np.testing.assert_array_equal(together[:40], drawn)


@pytest.mark.parametrize("layout", ["pairs", "nifti", "nnunet"])
def test_samples_in_every_layout_are_those_of_the_seed(model, tmp_path, layout):
    out = tmp_path / "Dataset501_Synthetic"
    assert run(model, "-n", 20, "--seed", 3, "--out", out, "--layout", layout).exit_code == 0
    stored, labels = Synthesizer.load(model).sample(20, seed=3)
    read = folder.read(out)
    assert len(read.cases) == 20 and read.generated == provenance()
    for case, image, label in zip(read.cases, stored, labels):
        np.testing.assert_array_equal(case.read_image(), image)
        np.testing.assert_array_equal(case.class_indices(read.spec), label)
    made = json.loads((out / "provenance.json").read_text())
    assert (made["seed"], made["count"], made["trained_on"]["subjects"]) == (3, 20, ["p0", "p1", "p2", "p3"])


def test_near_copies_are_refused_and_replaced(model, data, tmp_path, images):
    out = tmp_path / "pool"
    done = run(model, "-n", 30, "--out", out, "--min-distance", 0.7, "--data", data)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out / "nearest.csv", dtype={"case": str})
    drawn, labels = Synthesizer.load(model).draw(200, seed=0)
    subjects = np.array([int(name[1]) for name in sorted(CASES)])
    found = nearest([drawn], [images], subjects)
    kept = np.flatnonzero(found.distances >= 0.7)[:30]
    np.testing.assert_array_equal(table.draw, kept)
    np.testing.assert_allclose(table.distance, found.distances[kept], rtol=1e-3)
    assert table.nearest.tolist() == [sorted(CASES)[number] for number in found.numbers[kept]]
    read = folder.read(out)
    assert table.case.tolist() == [case.id for case in read.cases]
    for case, number in zip(read.cases, kept):
        np.testing.assert_array_equal(case.read_image(), provenance().to_stored(drawn[number]))
        np.testing.assert_array_equal(case.class_indices(read.spec), labels[number])
    stated = json.loads((out / "provenance.json").read_text())["min_distance"]
    assert (stated["distance"], stated["training_images"]) == (0.7, len(CASES))
    assert stated["refused"] == kept[-1] + 1 - 30 and stated["refused"] > 5
    assert stated["smallest"] == pytest.approx(found.distances[kept].min(), rel=1e-3)


def test_auto_is_the_copy_detectors_threshold(model, data, tmp_path):
    assert run(model, "-n", 2, "--out", tmp_path / "pool", "--min-distance", "auto", "--data", data).exit_code == 0
    stated = json.loads((tmp_path / "pool" / "provenance.json").read_text())["min_distance"]
    assert (stated["asked"], stated["distance"]) == ("auto", COPY)


def test_images_are_compared_in_the_unit_of_the_training(data, tmp_path):
    """A generator of images that each had a range of their own repeats them; the common range would not show it."""
    stored = np.stack([case.read_image()[::2, ::2] for case in folder.read(data).cases if case.id in CASES])
    ends = np.percentile(stored, (0, 90), axis=(1, 2, 3))[..., None, None, None]
    own = np.clip((stored - ends[0]) / (ends[1] - ends[0]) * 2 - 1, -1, 1).astype(np.float32)
    synthesizer_of(own, percentiles=(0.0, 90.0)).save(tmp_path / "model")
    assert (
        run(tmp_path / "model", "-n", 9, "--out", tmp_path / "pool", "--min-distance", 0, "--data", data).exit_code == 0
    )
    table = pd.read_csv(tmp_path / "pool" / "nearest.csv")
    assert table.draw.tolist() == list(range(9)) and (table.distance < 1e-3).sum() >= 2


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, ["--min-distance", "0.1"], "with --data"),
        ({}, ["--min-distance", "1"], r"found \d+ of \d+ pairs nearer"),
        ({}, ["--min-distance", "1.5"], "1.5 is not in the range"),
        ({"cases": ("p0_0", "lost")}, ["--min-distance", "0.1"], "1 of them, without lost"),
        ({"dtype": "int16"}, ["--min-distance", "0.1"], "1 channels of int16"),
        ({"spacing": (0.5, 0.5)}, ["--min-distance", "0.1"], "a generator of patches"),
        ({"cases": ("p0_0",)}, ["--min-distance", "auto"], "two other persons"),
        ({}, ["--min-distance", "0.1", "--reader", "scr", "--dataset-yaml", "x"], "drop one of the two"),
        ({}, ["--layout", "nnunet"], "Dataset501_Synthetic"),
    ],
)
def test_what_cannot_be_done_ends_in_one_line_and_leaves_nothing(images, data, tmp_path, changes, options, message):
    synthesizer_of(images, **changes).save(tmp_path / "model")
    data_option = [] if message == "with --data" else ["--data", data]
    done = run(tmp_path / "model", "-n", 2, "--out", tmp_path / "pool", *options, *data_option)
    assert done.exit_code == 2
    (line,) = done.stderr.strip().splitlines()[-1:]
    assert re.search(message, line), line
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
