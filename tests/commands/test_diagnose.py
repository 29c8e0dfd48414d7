"""`diagnose` says of a generator, an exported one and a folder of pairs what they are; `export` writes it on a card."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.data import folder
from tf_ganaug.data.embedded import chest
from tf_ganaug.data.pictures import write_png
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.gans.synthesizer import Synthesizer, find_synthesizer

SIDE, TRAINED, PERSONS = 32, 20, 60


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Drawn radiographs as 8-bit PNG, 20 of 60 of which a generator has seen."""
    root, drawn = tmp_path_factory.mktemp("data") / "chests", chest.read(PERSONS, SIDE, 3)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number, case in enumerate(drawn.cases):
        write_png(root / f"images/p{number:02d}.png", (case.read_image() >> 4).astype(np.uint8))
        write_png(root / f"labels/p{number:02d}.png", case.class_indices(drawn.spec))
    names = "\n".join(f"  {n}: {name}" for n, name in enumerate(drawn.spec.names) if n)
    (root / "dataset.yaml").write_text(f"name: chests\nclasses:\n{names}\n")
    return root


class Memory(tf.Module):
    """A generator that knows its training pairs by heart and adds noise."""

    def __init__(self, cases, spec):
        super().__init__()
        images = np.stack([case.read_image() for case in cases]) / np.float32(127.5) - 1
        self.images = tf.Variable(images.astype(np.float32), trainable=False)
        self.labels = tf.Variable(np.stack([case.class_indices(spec) for case in cases]), trainable=False)

    def make(self, latents):
        numbers = tf.cast(tf.abs(latents[:, 0]) * 1e4, tf.int32) % TRAINED
        noise = 0.05 * tf.reshape(latents[:, 1:], (-1, SIDE, SIDE, 1))
        return tf.gather(self.images, numbers) + noise, tf.gather(self.labels, numbers)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """The run folder of such a generator."""
    read, place = folder.read(data), tmp_path_factory.mktemp("runs") / "gan-1"
    seen = read.cases[:TRAINED]
    names = tuple(case.id for case in seen)
    made_on = Provenance("chests", True, names, names, "uint8", 0.0, 255.0, (1.0, 1.0))
    memory = Memory(seen, read.spec)
    synthesizer = Synthesizer.from_function(memory.make, 1 + SIDE * SIDE, read.spec, made_on)
    synthesizer.save(place / "synthesizer")
    (place / "options.json").write_text("{}")
    (place / "result.json").write_text(json.dumps({"iterations": 7, "seconds": 120.0}))
    return place


def call(*arguments):
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture(scope="module")
def diagnosed(run, data):
    """What is said of the run, in its folder too."""
    done = call("diagnose", run, "--data", data, "-n", 40)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_run_is_diagnosed_in_its_own_folder(run, diagnosed):
    assert "Diagnosis: memorising." in diagnosed and f"diagnosis: {run}" in diagnosed
    stored = json.loads((run / "diagnosis.json").read_text())
    assert stored["words"] == ["memorising"] and stored["pairs"] == [40, 20, 20] and stored["copies"] > 0.9
    assert "Diagnosis: memorising." in (run / "diagnosis.md").read_text() and (run / "diagnosis.png").exists()


def test_a_folder_of_its_pairs_is_diagnosed_alike(run, data, diagnosed, tmp_path):
    assert call("sample", run, "-n", 40, "--out", tmp_path / "pairs").exit_code == 0
    done = call("diagnose", tmp_path / "pairs", "--data", data, "--out", tmp_path / "found")
    assert done.exit_code == 0, done.output
    stored, of_run = (json.loads((place / "diagnosis.json").read_text()) for place in (tmp_path / "found", run))
    assert stored == of_run


def test_an_export_has_a_card_and_is_still_trusted(run, diagnosed, tmp_path):
    done = call("export", run, tmp_path / "model", "--terms", "CC BY 4.0; research only")
    assert done.exit_code == 0, done.output
    card = (tmp_path / "model/MODEL_CARD.md").read_text()
    for text in (
        "# Model card: gan-1",
        "Trained on 20 images of 20 subjects of the data set chests, drawn by code",
        "7 iterations in 2 minutes",
        "CC BY 4.0; research only",
        "Diagnosis: memorising.",
        "| coverage (k = 5) |",
        "It gives training images back",
        "## Intended use",
        "## Limits",
    ):
        assert text in card, text
    assert find_synthesizer(tmp_path / "model").image_shape == [SIDE, SIDE, 1]


def test_a_card_guesses_neither_terms_nor_measures(run, diagnosed, tmp_path):
    assert call("export", run, tmp_path / "first").exit_code == 0
    assert call("export", tmp_path / "first", tmp_path / "weights", "--format", "weights").exit_code == 0
    card = (tmp_path / "weights/MODEL_CARD.md").read_text()
    assert "named no terms of its training data" in card and "Not measured: `tf-ganaug diagnose" in card


def test_what_cannot_be_compared_ends_in_a_line(run, data, tmp_path):
    def line(*arguments):
        done = call("diagnose", *arguments, "--out", tmp_path / "out")
        assert done.exit_code == 2 and not (tmp_path / "out").exists()
        return done.stderr.strip().splitlines()[-1]

    assert "provenance.json, which says what the generator was trained on" in line(data, "--data", data)
    patches = shutil.copytree(run, tmp_path / "patches")
    described = json.loads((patches / "synthesizer/metadata.json").read_text())
    half = {**described, "spacing": [0.5, 0.5]}
    (patches / "synthesizer/metadata.json").write_text(json.dumps(half))
    assert "a generator of patches, or of other spacing, cannot be compared" in line(patches, "--data", data)
    seen = tmp_path / "seen"
    for part in ("images", "labels"):
        (seen / part).mkdir(parents=True)
        for number in range(TRAINED):
            (seen / part / f"p{number:02d}.png").write_bytes((data / part / f"p{number:02d}.png").read_bytes())
    (seen / "dataset.yaml").write_text((data / "dataset.yaml").read_text())
    assert "20 of its cases and 0 such subjects" in line(run, "--data", seen)
    (seen / "dataset.yaml").write_text("ignored: [2, 3, 4, 5]\nclasses: {1: lung}\n")
    assert "as the generator's" in line(run, "--data", seen)
    assert "a Keras model (.keras)" in line(run, "--data", data, "--network", tmp_path / "none.keras")


@pytest.mark.long
@pytest.mark.usefixtures("eager")
def test_a_generator_alone_is_diagnosed_by_a_network_that_learned_nothing(data, tmp_path):
    options = ["--data", data, "--gan", "wgan_gp", "--profile", "smoke", "--out", tmp_path / "out"]
    done = call("train-gan", *options, "--set", "data.parts=[0.7,0.15,0.15]")
    assert done.exit_code == 0 and "Diagnosis: undertrained" in done.output, done.output
    found = json.loads((tmp_path / "out/gan-1/diagnosis.json").read_text())
    assert found["network"] == "a network that learned nothing"


@pytest.mark.usefixtures("eager")
def test_a_question_ends_with_its_generators_diagnosis(data, tmp_path):
    """By the segmenter of real images, which generated pairs take the place of in another."""
    options = ["--data", data, "--gan", "wgan_gp", "--profile", "smoke", "--out", tmp_path / "out"]
    options += ["--segmenter", "unet_neff", "--mix", "replace"]
    small = ["repeats=1", "arms=[real,gan]", "data.parts=[0.7,0.15,0.15]", "data.size=[16,16]"]
    small += ["training.iterations=2", "wgan_gp.iterations=1", "wgan_gp.critic_steps=1"]
    done = call("run", *options, *(part for change in small for part in ("--set", change)))
    assert done.exit_code == 0, done.output
    place = tmp_path / "out/gan-1"
    found = json.loads((place / "diagnosis.json").read_text())
    assert found["network"] == "the segmenter unet_neff-1-real-repeat0" and "agreement" in found["values"]
    assert found["pairs"] == [42, 9, 9] and "undertrained" in found["words"]
    report = (tmp_path / "out/report.md").read_text()
    answer, rest = report.split("\n## ", 1)
    covered = [f"{100 * found['values']['coverage'][of]:.0f} %" for of in ("generated", "held")]
    told = "cover {} of the validation images, as many held-out real ones {}".format(*covered)
    assert told in answer and told in rest
    assert "gan-1/diagnosis.png" in rest and "gan-1/diagnosis-pairs.png" in rest
    # As many steps as show each real image as often as without generated pairs.
    result = json.loads((tmp_path / "out/unet_neff-1-gan-repeat0/result.json").read_text())
    assert result["real_share"] == 0.5 and result["iterations"] == 4
    # A second report reads what is there.
    before = (place / "diagnosis.json").stat().st_mtime_ns
    assert call("report", tmp_path / "out").exit_code == 0
    assert (place / "diagnosis.json").stat().st_mtime_ns == before
