"""The judge of realism: what it learns from, its loss against numpy, and a restart."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.errors import InputError
from tf_ganaug.gans.train import Schedule
from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.googlenet import googlenet
from tf_ganaug.quality.realism import (
    REAL,
    Judge,
    judge_batches,
    probability_real,
    scored_subjects,
    share_real,
    train_judge,
)
from tf_ganaug.run import RunFolder, read_metrics

SIZE = 16


def pairs(levels):
    """A flat image of each level, 0 to 255, whose first column is 10 brighter."""
    images = np.tile(np.uint8(levels)[:, None, None, None], (1, SIZE, SIZE, 1))
    images[:, :, 0] += 10
    ranges = np.tile(np.float32([0, 255]), (len(levels), 1))
    return Pairs([Part(images, np.zeros(images.shape[:3], np.uint8), np.arange(len(levels)), ranges)])


def small_judge(learning_rate=1e-2):
    """With a small network that has as many heads as GoogLeNet."""
    keras.utils.set_random_seed(1)
    images = keras.Input((SIZE, SIZE, 1))
    maps = keras.layers.Conv2D(4, 5, 4, activation="relu")(images)
    maps = CountedDropout(0.2, seed=4)(keras.layers.Flatten()(maps))
    return Judge(keras.Model(images, [keras.layers.Dense(2)(maps) for _ in range(3)]), learning_rate)


REALS, CANDIDATES = pairs(range(100, 112)), [pairs(range(150, 156)), pairs(range(200, 206))]


def test_minibatches_have_as_many_originals_as_generated_and_equally_many_of_every_candidate():
    batches = list(judge_batches(REALS, CANDIDATES, 3, seed=1).take(20))
    assert all(answers.numpy().tolist() == [REAL] * 6 + [0] * 6 for _, answers in batches)
    pixels = np.stack([images.numpy() for images, _ in batches]) * 127.5 + 127.5
    levels, edges = pixels[:, :, 0, 5, 0].round().astype(int), pixels[:, :, 0, :, 0].argmax(-1)
    # Each source is shown once an epoch: 12 originals in two minibatches, 6 generated images likewise.
    for columns, first, count in ((slice(0, 6), 100, 12), (slice(6, 9), 150, 6), (slice(9, 12), 200, 6)):
        for epoch in levels[:, columns].reshape(10, -1):
            assert sorted(epoch) == list(range(first, first + count))
    assert set(edges.ravel()) == {0, SIZE - 1}
    assert 0.38 < np.mean(edges == 0) < 0.62  # deviation 0.032
    later = next(iter(judge_batches(REALS, CANDIDATES, 3, seed=1, start=13)))[0]
    np.testing.assert_array_equal(later, batches[13][0])


@pytest.mark.usefixtures("eager")
def test_loss_of_googlenet():
    keras.utils.set_random_seed(1)
    judge = Judge(googlenet(SIZE, SIZE, 1, 2, filters=1), learning_rate=0.0)
    images, answers = np.random.default_rng(0).uniform(-1, 1, (4, SIZE, SIZE, 1)).astype(np.float32), [1, 0, 0, 1]
    for layer in judge.model.layers:
        if "dropout" in layer.name:
            layer.rate = 0.0
    terms = judge.step(tf.constant(images), tf.constant(answers))
    logits = [head.numpy().astype(float) for head in judge.model(images, training=False)]
    losses = [np.mean(np.log(np.exp(head).sum(-1)) - head[range(4), answers]) for head in logits]
    assert float(terms["judge_loss"]) == pytest.approx(losses[0] + 0.3 * (losses[1] + losses[2]), rel=1e-4)
    assert float(terms["judge_accuracy"]) == np.mean(logits[0].argmax(-1) == answers)
    expected = 1 / (1 + np.exp(logits[0][:, 0] - logits[0][:, 1]))
    np.testing.assert_allclose(probability_real(judge, [images[:3], images[3:]]), expected, rtol=1e-4)


def test_a_restarted_training_is_the_same_and_learns(tmp_path):
    def trained(folder, iterations):
        run = RunFolder(tmp_path / folder, {})
        judge = small_judge()
        schedule = Schedule(iterations, log_every=5, looks=(), checkpoint_every=5)
        train_judge(run, judge, REALS, CANDIDATES, each=2, seed=3, schedule=schedule)
        return judge, read_metrics(run.path)

    whole, metrics = trained("whole", 20)
    trained("parts", 10)
    again, metrics_again = trained("parts", 20)
    assert [line["step"] for line in metrics] == [line["step"] for line in metrics_again] == list(range(5, 21, 5))
    for one, two in zip(whole.model.get_weights(), again.model.get_weights()):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    real, fake = (
        probability_real(whole, (images for images, _ in source.in_order(4))) for source in (REALS, CANDIDATES[1])
    )
    assert real.min() > 0.5 > fake.max()


def test_candidates_must_be_equally_many(tmp_path):
    run = RunFolder(tmp_path / "judge", {})
    with pytest.raises(InputError, match=r"\[6, 4\]"):
        train_judge(run, None, REALS, [CANDIDATES[0], pairs(range(4))], 2, 1, Schedule(1, 1, (), 1))


def test_share_real_has_the_papers_threshold():
    assert share_real(np.array([0.0999, 0.1, 0.5, 0.01])) == 0.5


def test_scored_are_whole_subjects():
    subjects = [f"p{number % 7}" for number in range(50)]
    scored = scored_subjects(subjects, 1)
    held = {subject for subject, out in zip(subjects, scored) if out}
    assert len(held) == 2  # a third of 7
    assert held.isdisjoint(subject for subject, out in zip(subjects, scored) if not out)
    np.testing.assert_array_equal(scored, scored_subjects(subjects, 1))
    assert any(scored_subjects(subjects, seed).tolist() != scored.tolist() for seed in (2, 3, 4))
    assert scored_subjects(["a", "b"], 0).sum() == 1
    assert scored_subjects(["a"] * 7, 0).tolist() == [False] * 5 + [True] * 2
    with pytest.raises(InputError, match="at least 2 images"):
        scored_subjects(["a"], 0)
