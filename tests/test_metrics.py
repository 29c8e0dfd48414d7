"""Measures against numbers worked out by hand, against brute force and against the Cityscapes benchmark."""

import copy
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tf_ganaug.data.cases import Case
from tf_ganaug.data.street_labels import CATEGORIES, TRAINING_CLASSES
from tf_ganaug.experiment.statistics import pooled
from tf_ganaug.metrics import largest_component, overlap, surface_distances
from tf_ganaug.segment.predict import evaluate


def square(top, left, side, shape=(10, 12)):
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_overlap_by_hand():
    # 16 and 9 pixels, 6 shared (rows 2 to 4, columns 4 and 5).
    measured = overlap(square(2, 2, 4), square(2, 4, 3))
    counts = {"pixels_true": 16, "pixels_found": 9, "pixels_both": 6}
    assert measured == pytest.approx({"dice": 12 / 25, "iou": 6 / 19, "precision": 6 / 9, "recall": 6 / 16, **counts})


def test_overlap_of_empty_masks():
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    names = ("dice", "iou", "precision", "recall")
    assert [overlap(empty, empty)[name] for name in names] == [1.0, 1.0, 1.0, 1.0]
    assert [overlap(full, empty)[name] for name in names] == [0.0, 0.0, 0.0, 0.0]
    assert [overlap(empty, full)[name] for name in names] == [0.0, 0.0, 0.0, 1.0]


def test_distances_by_hand():
    # 3 x 3 squares three columns apart, 2 mm a column: the nearest columns are 2 mm apart at (there)
    # columns 4 to 5, the farthest 6 mm; of eight border pixels three, two and three lie at 6, 4 and 2 mm.
    measured = surface_distances(square(2, 2, 3), square(2, 5, 3), (0.5, 2.0))
    assert measured["hausdorff"] == 6.0
    assert measured["hausdorff95"] == 6.0
    # The ring's middle pixels (row 3, columns 2 and 4 of the first) are 6 and 2 mm away as well.
    assert measured["surface_distance"] == pytest.approx((3 * 6 + 2 * 4 + 3 * 2) / 8)


def brute_force(truth, predicted, spacing):
    def border(mask):
        padded = np.pad(mask, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        return np.argwhere(mask & ~inner) * np.array(spacing)

    apart = np.linalg.norm(border(truth)[:, None] - border(predicted)[None], axis=-1)
    there, back = apart.min(1), apart.min(0)
    return {
        "hausdorff": max(there.max(), back.max()),
        "hausdorff95": max(np.percentile(there, 95), np.percentile(back, 95)),
        "surface_distance": np.concatenate([there, back]).mean(),
    }


def test_distances_against_brute_force():
    rng = np.random.default_rng(1)
    for spacing in ((1.0, 1.0), (0.4, 2.5)):
        blobs = rng.random((2, 20, 16)) < 0.4
        touching_the_edge = square(0, 0, 5, (20, 16)), square(14, 9, 6, (20, 16))
        thin = square(3, 2, 1, (20, 16)), square(17, 13, 2, (20, 16))
        for truth, predicted in (blobs, touching_the_edge, thin):
            expected = brute_force(truth, predicted, spacing)
            assert surface_distances(truth, predicted, spacing) == pytest.approx(expected)


def test_distances_of_empty_masks():
    empty = np.zeros((30, 20), bool)
    assert set(surface_distances(empty, empty, (0.1, 0.2)).values()) == {0.0}
    worst = set(surface_distances(square(0, 0, 2, (30, 20)), empty, (0.1, 0.2)).values())
    assert worst == {math.hypot(3, 4)}
    assert set(surface_distances(empty, square(0, 0, 2, (30, 20)), (0.1, 0.2)).values()) == worst


def test_largest_component():
    diagonal = square(0, 0, 1) | square(1, 1, 1) | square(2, 2, 1)
    pair = square(6, 6, 1) | square(6, 7, 1)
    np.testing.assert_array_equal(largest_component(diagonal | pair), diagonal)
    equal = square(8, 0, 1) | square(8, 1, 1)
    np.testing.assert_array_equal(largest_component(pair | equal), pair)
    assert not largest_component(np.zeros((3, 3), bool)).any()
    np.testing.assert_array_equal(largest_component(np.ones((3, 3), bool)), np.ones((3, 3), bool))


#: What evalPixelLevelSemanticLabeling of cityscapesscripts 2.3.0 says of `benchmark_case`, rounded to 12 places.
BENCHMARK = {
    "road": 0.219178082192,
    "sidewalk": 0.260416666667,
    "building": 0.205020920502,
    "wall": 0.215962441315,
    "fence": 0.239583333333,
    "pole": 0.226851851852,
    "traffic light": 0.199170124481,
    "traffic sign": 0.20253164557,
    "vegetation": 0.2,
    "terrain": 0.197530864198,
    "sky": 0.2,
    "person": 0.201680672269,
    "rider": 0.198347107438,
    "car": 0.190871369295,
    "truck": 0.20814479638,
    "bus": 0.243654822335,
    "train": math.nan,
    "motorcycle": 0.227906976744,
    "bicycle": 0.247474747475,
    "flat": 0.328981723238,
    "construction": 0.386925795053,
    "object": 0.32125984252,
    "nature": 0.272527472527,
    "human": 0.26872246696,
    "vehicle": 0.404072883173,
}


def benchmark_case():
    """Two images' stored ids, true and predicted: every id but 31 (train) on both sides, void included."""
    rows, columns = np.mgrid[:40, :68]
    truth = (columns // 2 + rows // 8) % 34
    predicted = np.where((rows * 5 + columns * 3) % 7 < 3, (truth * 5 + rows) % 34, truth)
    truth, predicted = (np.where(ids == 31, 4, ids).astype(np.uint8) for ids in (truth, predicted))
    return [(truth, predicted), (truth.T[:, ::-1], np.roll(predicted, 3).T[:, ::-1])]


def as_evaluated(spec):
    """`spec` with all ids ignored that the benchmark ignores, as `cityscapes.categories()` has them."""
    counted = {i for c in TRAINING_CLASSES.classes for i in c.ids}
    return replace(spec, ignored=tuple(sorted(set(range(34)) - counted)))


@pytest.mark.parametrize("spec", [as_evaluated(TRAINING_CLASSES), as_evaluated(CATEGORIES)], ids=["19", "7"])
def test_iou_over_a_set_is_the_benchmarks(spec):
    images = [tuple(spec.encode(ids, "case") for ids in pair) for pair in benchmark_case()]
    expected = [BENCHMARK[name] for name in spec.names]
    # What an experiment reports: counts of each case and class, summed.
    cases = (Case(name, name, (1.0, 1.0), (name,), None, None) for name in "ab")
    frame = evaluate([(case, *pair) for case, pair in zip(cases, images)], spec, distances=False)
    reported = pooled(frame.assign(fold=0, repeat=0), "iou")
    pd.testing.assert_series_equal(reported, pd.Series(expected, spec.names), rtol=0, atol=1e-11, check_names=False)


def test_stored_numbers_are_what_cityscapesscripts_says(tmp_path):
    benchmark = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    options = copy.copy(benchmark.args)
    options.evalInstLevelScore, options.JSONOutput, options.quiet = False, False, True
    files = ([], [])
    for number, pair in enumerate(benchmark_case()):
        for kind, ids in enumerate(pair):
            files[kind].append(str(tmp_path / f"{number}_{kind}.png"))
            Image.fromarray(np.ascontiguousarray(ids)).save(files[kind][-1])
    truth, predicted = files
    found = benchmark.evaluateImgLists(predicted, truth, options)
    scores = {**found["classScores"], **found["categoryScores"]}
    assert {name: scores[name] for name in BENCHMARK} == pytest.approx(BENCHMARK, abs=1e-11, nan_ok=True)
    assert math.isnan(scores["parking"]) and math.isnan(scores["void"])
