"""What a study says of its data, and the networks that it loads."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from tf_ganaug import backend
from tf_ganaug.data import folder
from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.csf import THREE
from tf_ganaug.data.pairs import Part
from tf_ganaug.experiment.study import Study
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.question.checks import settings_of
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.train import Segmenter


@pytest.mark.parametrize(
    ("suffix", "description", "unit"),
    [("nii", "", "mm"), ("png", "", "px"), ("png", "spacing: [1, 1]", "mm")],
)
def test_distances_are_in_millimetres_where_spacing_is_stated_though_it_is_1(tmp_path, suffix, description, unit):
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    for name, values in (("images", pixels), ("labels", pixels % 2)):
        path = tmp_path / "data" / name / f"a.{suffix}"
        path.parent.mkdir(parents=True)
        if suffix == "nii":
            nibabel.save(nibabel.Nifti1Image(values[..., None], np.eye(4)), path)
        else:
            Image.fromarray(values).save(path)
    (tmp_path / "data" / "dataset.yaml").write_text(f"name: data\n{description}")
    assert Study(tmp_path / "out", folder.read(tmp_path / "data"), settings_of("smoke", [])).unit == unit


@pytest.mark.parametrize("validation_seen", [False, True])
def test_a_generator_is_compared_with_subjects_that_it_has_not_seen(tmp_path, validation_seen):
    def case(number: int) -> Case:
        image = np.full((32, 32, 1), number, np.uint8)
        subject = f"s{number // 2:02d}"
        return Case(
            f"c{number:02d}", subject, (1.0, 1.0), (f"c{number:02d}",), lambda: image, lambda: image[..., 0] % 3
        )

    cases = tuple(map(case, range(40)))
    parts = {"train": range(10), "validation": range(10, 14), "test": range(14, 20)}
    given = {part: tuple(f"s{number:02d}" for number in numbers) for part, numbers in parts.items()}
    study = Study(tmp_path / "out", Dataset("drawn", cases, THREE, 1, given_splits=given), settings_of("smoke", []))
    training = [*study.cases(0, "train"), *(study.cases(0, "validation") if validation_seen else [])]

    def real(rows: np.ndarray) -> Part:
        return Part(study.sized.images, study.sized.labels, rows, study.sized.ranges[rows])

    sets = study.sets(real(np.arange(3)), training, real)
    seen, reference, held = (
        {study.sized.cases[row].subject for row in part.rows} for part in (sets.training, sets.reference, sets.held)
    )
    assert not (seen & reference or seen & held or reference & held)
    assert sets.training_subjects == [case.subject for case in training]
    assert sorted({*sets.held_subjects}) == sorted(held) and len(sets.held_subjects) == len(sets.held.rows)
    tested = set(given["test"])
    assert (held < tested and reference == tested - held) if validation_seen else held == tested


def test_one_network_gets_the_weights_of_all_trainings_of_its_kind(tmp_path, eager):
    """Each was built anew for its pictures: a seventh of a smoke run of liu2019."""
    spec, built = LabelSpec.from_names({0: "background", 1: "disc"}), []

    def build():
        backend.begin_networks(len(built))
        model = neff_unet(8, 8, 1, 2, levels=2, filters=2)
        built.append(model)
        return Segmenter(model, cross_entropy, spec, backend.adam(1e-3, 0.9, 0.999), jit_compile=False)

    images, expected = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32), {}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        model = build().model
        model.save_weights(tmp_path / name / "best.weights.h5")
        expected[name] = model(images).numpy()
    built.clear()
    study = Study(tmp_path, Dataset("drawn", (), spec, channels=1), settings_of("smoke", []))
    for name in ("first", "second", "first"):
        np.testing.assert_array_equal(study.loaded(name, build)(images), expected[name])
    assert len(built) == 1 and not np.array_equal(expected["first"], expected["second"])
    study.loaded("second", build, kind="another")
    assert len(built) == 2
