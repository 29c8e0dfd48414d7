"""Rare classes, the rows of the tables, and how long each network is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.augment.recombine import LabelMaps
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.embedded import street
from tf_ganaug.data.street_labels import TRAINING_CLASSES
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.liu2019 import PARTS, cityscapes
from tf_ganaug.papers.liu2019.settings import Settings
from tf_ganaug.papers.liu2019.study import RecombinationStudy
from tf_ganaug.papers.liu2019.supplements import Supplement, proposed, rarity
from tf_ganaug.papers.liu2019.tables import rows, sweep
from tf_ganaug.papers.liu2019.tasks import StreetTask

SETTINGS = load_settings(Settings, configs_folder(), "liu2019", "paper", [])

SPEC = LabelSpec.from_names({0: "road", 1: "pole", 2: "fence", 3: "boat", 4: "sky"})


def maps() -> LabelMaps:
    """Ten maps of 10 x 10: a thin pole in all, a fence in five, a boat in none, void, and the rest road and sky."""
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[:, :4] = 4
    labels[:, 4:8, 5] = 1
    labels[:5, 6:, :3] = 2
    labels[:, 9, 9] = IGNORE
    return LabelMaps(labels, SPEC)


def test_rarity_is_counted_in_images_pixels_and_iou():
    frame = rarity(maps(), pd.Series({"road": 0.9, "sky": 0.8, "fence": 0.65, "pole": 0.1, "boat": np.nan}))
    assert list(frame.index)[:2] == ["boat", "fence"]
    assert frame.images.to_dict() == {"boat": 0, "fence": 0.5, "pole": 1, "road": 1, "sky": 1}
    # 990 pixels have a class: 60 of fence, 40 of pole.
    assert frame.pixels["fence"] == pytest.approx(60 / 990) and frame.pixels["pole"] == pytest.approx(40 / 990)
    # An even share of five classes is 20 %, a quarter of it 5 %; the mean IoU is 61 %.
    assert frame.rare.to_dict() == {
        "boat": "images, pixels",
        "fence": "images",
        "pole": "pixels, IoU",
        "road": "",
        "sky": "",
    }


def test_of_the_rare_classes_the_worst_that_some_map_has_is_raised_first():
    ious = pd.Series({"road": 0.9, "sky": 0.8, "fence": 0.6, "pole": 0.1, "boat": 0.0})
    frame = rarity(maps(), ious)
    # The pole is in every map: one among several is pasted there too, but alone it has none to be overlaid on.
    assert proposed(frame, 5) == ["pole", "fence"]
    assert proposed(frame, 1) == ["fence"]
    with pytest.raises(InputError, match=r"maps\.single"):
        proposed(frame.loc[["road", "sky"]], 1)


def test_at_least_five_classes_of_the_embedded_scenes_are_rare():
    dataset = street.read(40, 64, 128, 0, TRAINING_CLASSES)
    labels = np.stack([case.class_indices(TRAINING_CLASSES) for case in dataset.cases])
    frame = rarity(LabelMaps(labels, TRAINING_CLASSES))
    rare = frame[frame.rare.str.startswith("images")]
    assert {"wall", "fence", "traffic light", "train"} <= set(rare.index) and len(rare) >= 5
    assert (rare.images > 0).all(), "rare, not absent"


def study(**changes) -> RecombinationStudy:
    """A study of 2,975 training images that are never read."""
    made = RecombinationStudy(Path("nowhere"), SimpleNamespace(spec=TRAINING_CLASSES), replace(SETTINGS, **changes))
    made.cases = lambda fold, part: [None] * 2975
    return made


def test_supplementary_images_are_their_share_of_all():
    counts = {share: study().supplement(StreetTask("single", share=share)).count for share in (0.1, 0.5, 0.9)}
    assert counts == {0.1: 331, 0.5: 2975, 0.9: 26775}
    assert study().supplement(StreetTask("reconstruction", 1, 0.5)) == Supplement("reconstruction", 2975, 1)


def test_iterations_and_what_the_longer_baseline_has():
    # 200 epochs of 2,975 images in minibatches of 16.
    single, baseline, longer = StreetTask("single", share=0.5), StreetTask(), StreetTask(longer=True)
    assert study().iterations(baseline) == [37188]
    assert study().iterations(single) == [37188, 37188] and study().iterations(longer) == [74376]
    assert study(order="mixed").iterations(single) == [74376]
    assert study().iterations(StreetTask("single", share=0.75)) == [111563, 37188]


def test_rows_are_the_papers():
    table = rows(study(), PARTS)
    assert [(row.name, row.tasks[0].name, row.printed) for row in table] == [
        ("Tradition", "pspnet-baseline-repeat0", True),
        ("Tradition, longer", "pspnet-baseline-longer-repeat0", False),
        ("Single label", "pspnet-single-50-repeat0", True),
        ("Multi-label", "pspnet-several-50-repeat0", True),
        ("Colour statistics", "pspnet-style-50-repeat0", False),
        ("Reconstruction", "pspnet-reconstruction-50-repeat0", True),
        ("Reconstruction 2", "pspnet-reconstruction2-50-repeat0", False),
    ]
    weights = replace(SETTINGS.style, vgg19="VGG19.h5")
    named = {row.name: row.printed for row in rows(study(style=weights), ["style"])}
    assert named["Style transfer"] and "Colour statistics" not in named
    assert [row.name for row in rows(study(), ["distribution"])] == ["Tradition"]
    tasks = sweep(study(), ["ratio"])
    assert list(tasks) == [0, 0.1, 0.3, 0.5, 0.7, 0.9]
    assert tasks[0.5] == table[5].tasks[0] and tasks[0] == table[0].tasks[0]


@pytest.mark.parametrize(
    ("group", "changes", "says"),
    [
        (None, {"order": "backwards"}, "sequential"),
        (None, {"share": 1.0}, "below 1"),
        (None, {"share": 0.0}, "below 1"),
        (None, {"shares": [0.5, -0.1]}, "shares"),
        ("segmenter", {"batch": 3}, "at least 4"),
        ("segmenter", {"zoom": 0.5}, "zooming in"),
        ("data", {"size": [100, 200]}, "16"),
    ],
)
def test_settings_that_cannot_be(group, changes, says):
    made = {group: replace(getattr(SETTINGS, group), **changes)} if group else changes
    with pytest.raises(InputError, match=says):
        cityscapes.check(replace(SETTINGS, **made))
    cityscapes.check(SETTINGS)


def test_validation_images_train_in_the_paper_profile_and_frequencies_are_of_both(tmp_path):
    small = replace(SETTINGS.data, size=[16, 32], subjects=20, native_size=16)
    dataset = cityscapes.open_data(Request(), replace(SETTINGS, data=small))
    parts = {}
    for trains in (True, False):
        made = RecombinationStudy(tmp_path, dataset, replace(SETTINGS, data=small, validation_trains=trains))
        parts[trains] = {part: {case.id for case in made.cases(0, part)} for part in ("train", "validation", "test")}
        maps = made.counted("train", "validation")
        assert len(maps.labels) == len(parts[trains]["train"] | parts[trains]["validation"])
        assert len(made.counted("train", "validation", "test").labels) == 20
    assert SETTINGS.validation_trains
    assert parts[True]["train"] == parts[False]["train"] | parts[False]["validation"]
    assert not parts[False]["train"] & parts[False]["validation"]
    for one in parts.values():
        assert one["validation"] and one["test"] and not one["test"] & (one["train"] | one["validation"])


def test_what_is_rare_is_counted_over_training_and_validation_images(tmp_path):
    small = replace(SETTINGS.data, size=[16, 32], subjects=20, native_size=16)
    settings = replace(SETTINGS, data=small, validation_trains=False)
    made = RecombinationStudy(tmp_path, cityscapes.open_data(Request(), settings), settings)
    made.segmenter = lambda task: {}
    counts = {"fold": 0, "repeat": 0, "pixels_true": 1, "pixels_found": 1, "pixels_both": 1}
    rows = [{"case": "a", "class": name, "part": "validation", **counts} for name in made.spec.names]
    made.measures = lambda task: pd.DataFrame(rows)
    both = made.counted("train", "validation").appearance
    np.testing.assert_allclose(made.rarity.images[list(made.spec.names)], both)
    assert (both != made.counted("train").appearance).any()


@pytest.mark.parametrize("setting", [{"single": "unicorn"}, {"several": ["wall", "unicorn"]}, {"base": ["unicorn"]}])
def test_classes_that_the_data_does_not_have(setting):
    settings = replace(SETTINGS, maps=replace(SETTINGS.maps, **setting))
    with pytest.raises(InputError, match=f"maps.{next(iter(setting))}: expected classes among road, .* found unicorn"):
        cityscapes.open_data(Request(), settings)
