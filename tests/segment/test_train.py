"""The stopping rule, the best weights, and what becomes of predictions at native size."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from tf_ganaug import backend
from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import IGNORE, Case, LabelSpec
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pipeline import Sampling, training_batches
from tf_ganaug.errors import InputError
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.run import RunFolder, read_metrics
from tf_ganaug.segment.losses import auxiliary_cross_entropy, cross_entropy
from tf_ganaug.segment.predict import keep_largest, measure, predictions, to_native
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter

SPEC = LabelSpec.from_names({0: "background", 1: "disc"})


@pytest.mark.parametrize(
    ("least", "more", "most", "best_step", "end"),
    [
        (3000, 3000, None, 0, 3000),
        (3000, 3000, None, 100, 3100),
        (3000, 3000, None, 5000, 8000),
        (3000, 10, None, 5, 3000),
        (3000, 3000, 4000, 100, 3100),
        (3000, 3000, 4000, 2000, 4000),
        (3000, 3000, 100, 0, 100),
    ],
)
def test_patience(least, more, most, best_step, end):
    assert Patience(least, more, most, 1, 1, 1).end(best_step) == end


def discs(count=6, size=16):
    """Noisy bright squares on dark ground, whose labels are the squares."""
    rng = np.random.default_rng(0)
    labels = np.zeros((count, size, size), np.uint8)
    for label, (row, column) in zip(labels, rng.integers(0, size // 2, (count, 2))):
        label[row : row + size // 2, column : column + size // 2] = 1
    images = (labels * 150 + rng.integers(0, 100, labels.shape)).astype(np.uint8)[..., None]

    def case(number):
        def read_label():
            return labels[number].repeat(2, 0).repeat(2, 1)

        name = f"case{number}"
        return Case(name, name, (1.0, 1.0), (name,), lambda: images[number], read_label)

    ranges = np.tile(np.float32([0, 255]), (count, 1))
    return SizedCases(images, labels, ranges, np.full((count, 2), images.shape[1]), tuple(map(case, range(count))))


def segmenter(learning_rate=0.01):
    keras.utils.set_random_seed(3)
    model = neff_unet(16, 16, 1, 2, levels=2, filters=4)
    return Segmenter(model, cross_entropy, SPEC, backend.adam(learning_rate, 0.5, 0.9), jit_compile=False)


def test_best_weights_are_kept_only_at_a_new_minimum():
    made = segmenter()
    kept = []
    for step, (loss, value) in enumerate([(2.0, 1.0), (1.0, 2.0), (1.0, 3.0), (float("nan"), 4.0), (1.5, 5.0)], 1):
        made.step.assign(step)
        made.model.set_weights([np.full(weight.shape, value) for weight in made.model.get_weights()])
        kept.append(made.keep_if_best(loss, value / 10))
    assert kept == [True, True, False, False, False]
    assert all(np.all(weight == 2.0) for weight in made.best)
    assert (int(made.best_step), float(made.best_loss)) == (2, 1.0)
    assert float(made.best_dice) == pytest.approx(0.2)


@pytest.mark.parametrize(("keep", "kept"), [("loss", 2), ("dice", 3), ("last", 4)])
def test_which_validation_is_kept(keep, kept):
    made = segmenter()
    made.keep = keep
    for step, (loss, dice) in enumerate([(2.0, 0.1), (1.0, 0.2), (1.5, 0.3), (3.0, 0.0)], 1):
        made.step.assign(step)
        made.model.set_weights([np.full(weight.shape, step) for weight in made.model.get_weights()])
        made.keep_if_best(loss, dice)
    assert int(made.best_step) == kept and all(np.all(weight == kept) for weight in made.best)


def test_a_head_for_training_only_is_in_the_loss_and_not_in_the_dice(tmp_path):
    sized = discs()
    pairs = Pairs.of(sized, sized.cases)
    images, labels = pairs.take(np.arange(6))
    plain = segmenter()
    with_head = keras.Model(plain.model.input, [plain.model.output, -plain.model.output])
    both = Segmenter(
        with_head, auxiliary_cross_entropy, SPEC, backend.adam(0.01, 0.5, 0.9), jit_compile=False, keep="last"
    )
    loss, dice = both.validate(pairs, 6)
    logits = plain.model(images, training=False)
    expected = cross_entropy(labels, logits) + 0.4 * cross_entropy(labels, -logits)
    assert loss == pytest.approx(float(expected), rel=1e-5)
    assert dice == pytest.approx(plain.validate(pairs, 6)[1])
    trained = train_segmenter(
        RunFolder(tmp_path / "run", {}),
        both,
        training_batches(pairs, 2, 0, None, 0, Augmentation(), 1),
        pairs,
        Patience(4, 0, 4, 2, 2, 2),
    )
    assert trained.best_iteration == trained.iterations == 4 and (tmp_path / "run" / "validation.png").exists()


def test_validation_counts_what_is_found_where_nothing_is():
    """Of two subjects: the pixels of each one's images together; one without class and findings has no Dice."""
    sized, made = discs(4), segmenter()
    labels = np.array(sized.labels)
    labels[[1, 3]] = 0
    pairs = Pairs.of(replace(sized, labels=labels), sized.cases)
    made.model.layers[-1].bias.assign([-100.0, 100.0])  # finds the class everywhere
    squares = labels.sum((1, 2)).astype(float)
    both = 2 * squares[[0, 2]] / (squares[[0, 2]] + 2 * 256)
    assert made.validate(pairs, 4, np.array([0, 0, 1, 1]))[1] == pytest.approx(both.mean())
    alone = 2 * squares[[0, 2]] / (squares[[0, 2]] + 256)
    assert made.validate(pairs, 4, np.arange(4))[1] == pytest.approx(alone.sum() / 4)
    made.model.layers[-1].bias.assign([100.0, -100.0])  # finds nothing
    assert made.validate(pairs, 4, np.array([0, 1, 0, 1]))[1] == 0
    assert made.validate(pairs, 4)[1] == pytest.approx(0.5)  # of images, as the papers have it: empty ones are right
    nothing = Pairs.of(replace(sized, labels=np.zeros_like(labels)), sized.cases)
    assert made.validate(nothing, 4, np.array([0, 1, 0, 1]))[1] == 1


#: In tf.data, a step at a call.
PIPELINE = Sampling()


def train(path, patience, segmenter, sampling=PIPELINE):
    sized = discs()
    pairs, validation = (Pairs.of(sized, part) for part in (sized.cases[:4], sized.cases[4:]))

    batches = replace(training_batches(pairs, 2, 0, None, 0, Augmentation(shift=0.05), 1), sampling=sampling)
    return train_segmenter(RunFolder(path, {}), segmenter, batches, validation, patience)


def test_training_learns_and_ends_with_the_best_weights(tmp_path):
    made = segmenter()
    trained = train(tmp_path, Patience(30, 5, 60, 5, 10, 10), made)
    losses = {r["step"]: r["validation_loss"] for r in read_metrics(tmp_path) if "validation_loss" in r}
    assert trained.validation_loss == pytest.approx(min(losses.values()))
    assert losses[trained.best_iteration] == min(losses.values()) < 0.5 * losses[5]
    assert trained.iterations == min(60, max(30, trained.best_iteration + 5))
    sized = discs()
    loss, dice = made.validate(Pairs.of(sized, sized.cases[4:]), 2)
    assert (loss, dice) == pytest.approx((trained.validation_loss, trained.validation_dice), rel=1e-5)
    fresh = segmenter()
    fresh.model.load_weights(tmp_path / "best.weights.h5")
    assert fresh.validate(Pairs.of(sized, sized.cases[4:]), 2)[0] == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(
    "sampling",
    [
        *(pytest.param(one, marks=pytest.mark.long) for one in (Sampling(True), Sampling(False, 5), Sampling(True, 5))),
        Sampling(True, 5, device="CPU:1"),
    ],
)
def test_the_same_steps_wherever_minibatches_are_made_and_however_many_a_call_makes(tmp_path, sampling):
    plain, other, parted = segmenter(), segmenter(), segmenter()
    patience = Patience(11, 1, 11, 4, 2, 4)
    train(tmp_path / "plain", patience, plain)
    train(tmp_path / "other", patience, other, sampling)
    train(tmp_path / "parted", replace(patience, least=9, most=9), parted, sampling)  # goes on from iteration 8
    parted = segmenter()
    train(tmp_path / "parted", patience, parted, sampling)
    records = [read_metrics(tmp_path / name) for name in ("plain", "other", "parted")]
    for name in ("loss", "validation_loss"):
        one, two, three = ({r["step"]: r[name] for r in record if name in r} for record in records)
        assert two == pytest.approx(one, rel=1e-4) and three == pytest.approx(two, rel=1e-6)
    for first, second in zip(other.model.get_weights(), parted.model.get_weights()):
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-7)


def test_an_interrupted_training_continues_exactly(tmp_path):
    whole, parted = segmenter(), segmenter()
    expected = train(tmp_path / "whole", Patience(12, 1, 12, 4, 4, 4), whole)
    # Stopped at 9, after the checkpoint of iteration 8.
    train(tmp_path / "parted", Patience(9, 1, 9, 4, 4, 4), parted)
    second = segmenter(learning_rate=123.0)  # everything comes from the checkpoint
    trained = train(tmp_path / "parted", Patience(12, 1, 12, 4, 4, 4), second)
    assert (trained.iterations, trained.best_iteration) == (expected.iterations, expected.best_iteration)
    assert trained.validation_loss == expected.validation_loss
    for one, two in zip(whole.model.get_weights(), second.model.get_weights()):
        np.testing.assert_array_equal(one, two)
    steps = [record["step"] for record in read_metrics(tmp_path / "parted")]
    assert steps == [record["step"] for record in read_metrics(tmp_path / "whole")]


def test_a_loss_that_is_not_finite_is_an_error(tmp_path):
    made = segmenter()
    made.model.layers[-1].bias.assign([float("nan")] * 2)
    with pytest.raises(InputError, match=r"a finite validation loss.*nan"):
        train(tmp_path, Patience(4, 1, 4, 2, 2, 2), made)


def test_scores_are_brought_to_native_size():
    logits = np.zeros((4, 4, 3), np.float32)
    logits[:2, :, 1] = 1.0
    logits[2:, :, 2] = 1.0
    logits[:, 0, 0] = 5.0
    labels = to_native(logits, 16, 8)
    assert labels.shape == (16, 8) and labels.dtype == np.uint8
    np.testing.assert_array_equal(labels[:8, 4:], 1)
    np.testing.assert_array_equal(labels[8:, 4:], 2)
    np.testing.assert_array_equal(labels[:, :2], 0)
    np.testing.assert_array_equal(to_native(logits, 4, 4), logits.argmax(-1))


def test_scores_are_interpolated_not_labels():
    # A score of +3 beside one of -1 crosses zero nearer the latter: 3 of 4 new pixels between them.
    logits = np.zeros((1, 2, 2), np.float32)
    logits[0, :, 1] = 3.0, -1.0
    labels = to_native(logits, 1, 32)[0]
    assert 18 <= labels.sum() <= 23  # half of 32 would be 16
    assert np.all(np.diff(labels.astype(int)) <= 0)


def test_only_the_largest_part_of_each_class_is_kept():
    labels = np.uint8([[1, 1, 0, 1], [1, 0, 2, 0], [0, 0, 0, 2], [2, 0, 1, 1]])
    expected = np.uint8([[1, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 2], [0, 0, 0, 0]])
    np.testing.assert_array_equal(keep_largest(labels, 3), expected)


def test_predictions_and_measures_per_case_at_native_size():
    sized, made = discs(), segmenter()
    found = list(
        predictions(made.model, Pairs.of(sized, sized.cases[1:4]), sized.cases[1:4], SPEC, batch=2, largest=True)
    )
    assert [case.id for case, _, _ in found] == ["case1", "case2", "case3"]
    for number, (_, truth, predicted) in enumerate(found, 1):
        np.testing.assert_array_equal(truth, sized.labels[number].repeat(2, 0).repeat(2, 1))
        assert predicted.shape == (32, 32)


def test_measures_leave_ignored_pixels_out():
    case = Case("a", "s", (1.0, 2.0), ("a",), lambda: None, lambda: None)
    truth = np.uint8([[1, 1, IGNORE, IGNORE], [0, 0, 0, 0]])
    predicted = np.uint8([[1, 1, 1, 1], [1, 1, 0, 0]])
    (record,) = measure(case, truth, predicted, SPEC)
    assert (record["case"], record["subject"], record["class"]) == ("a", "s", "disc")
    assert record["dice"] == pytest.approx(2 * 2 / (2 + 4))
    assert record["hausdorff"] == 1.0
    assert (record["pixels_true"], record["pixels_found"], record["pixels_both"]) == (2, 4, 2)


def test_without_a_background_every_class_is_measured():
    case = Case("a", "s", (1.0, 1.0), ("a",), lambda: None, lambda: None)
    truth, predicted = np.uint8([[0, 0, 1, IGNORE]]), np.uint8([[0, 1, 1, 1]])
    scene = LabelSpec(SPEC.classes, background=None)
    records = list(measure(case, truth, predicted, scene, distances=False))
    assert [(r["class"], r["iou"]) for r in records] == [("background", 0.5), ("disc", 0.5)]
    assert "hausdorff" not in records[0]
