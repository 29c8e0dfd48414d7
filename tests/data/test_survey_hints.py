"""Label values that are no classes are told from those that are."""

import numpy as np
from PIL import Image

from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_findings import remarks

DISC = (np.mgrid[:40, :36] - np.array([20, 18])[:, None, None]) ** 2


def told(root, labels, description="name: data"):
    """The remarks on a set of these labels."""
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    (root / "dataset.yaml").write_text(description)
    for number, label in enumerate(labels):
        noise = np.random.default_rng(number).integers(0, 255, label.shape).astype(np.uint8)
        Image.fromarray(noise).save(root / "images" / f"c{number}.png")
        Image.fromarray(label.astype(np.uint8)).save(root / "labels" / f"c{number}.png")
    return " / ".join(remarks(survey(root)))


def squares(count, value=lambda number: number):
    """`count` squares apart from each other, numbered from 1."""
    label = np.zeros((40, 36), int)
    for number in range(1, count + 1):
        label[9 * (number // 4) + 1 : 9 * (number // 4) + 7, 9 * (number % 4) + 1 : 9 * (number % 4) + 7] = value(
            number
        )
    return label


def test_a_smoothed_mask(tmp_path):
    masks = [Image.fromarray(np.uint8(255 * (DISC.sum(0) < radius**2))) for radius in (8, 11, 14, 16)]
    smoothed = [np.asarray(mask.resize((18, 20), Image.BOX)) for mask in masks]
    assert "perhaps a mask was smoothed" in told(tmp_path / "smooth", smoothed)
    assert "smoothed" not in told(tmp_path / "sharp", map(np.asarray, masks))
    rings = [np.digitize(np.sqrt(DISC.sum(0)), [5, 9, 14]) * 60 for _ in range(4)]
    assert "smoothed" not in told(tmp_path / "rings", rings)


def test_numbers_of_objects(tmp_path):
    assert "numbers of objects (instances)" in told(tmp_path / "objects", [squares(n) for n in (2, 7, 5, 3)])
    left_out = [squares(n, lambda k: (k != 2) * k) for n in (11, 14, 12)]
    assert "numbers of objects (instances)" in told(tmp_path / "gaps", left_out)
    assert "instances" not in told(tmp_path / "organs", [squares(5) for _ in range(4)])
    assert "instances" not in told(tmp_path / "classes", [squares(n, lambda k: k % 3 + 1) for n in (2, 7, 5, 3)])


def test_names_that_differ_in_case_alone(tmp_path):
    labels = [squares(n, lambda k: k % 2 + 1) for n in (3, 5, 4)]
    assert "classes Cyst, cyst differ in upper and" in told(tmp_path / "case", labels, "classes: {1: Cyst, 2: cyst}")


def test_a_background_of_another_name(tmp_path):
    labels = [squares(n, lambda k: 1) for n in (2, 3, 4)]
    assert "id 0 is the class 'bg', measured as others" in told(tmp_path / "bg", labels, "classes: {0: bg, 1: a}")
    assert "measured as others" not in told(tmp_path / "good", labels, "classes: {0: background, 1: a}")
