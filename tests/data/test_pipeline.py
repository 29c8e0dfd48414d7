"""Minibatches: every pair once an epoch, the stated mixture, and the same stream after a restart."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import SORTED, Pairs, Part, normalise
from tf_ganaug.data.pipeline import (
    Minibatches,
    Sampling,
    joined_batches,
    one_after_the_other,
    real_batches,
    set_sampling,
    training_batches,
    zipped,
)
from tf_ganaug.data.resident import TYPES
from tf_ganaug.errors import InputError
from tf_ganaug.quality.realism import judge_batches

COUNT = 7


def numbered(dtype=np.uint8, high=100):
    """Pairs whose pixels tell their number: image and label n hold n; `high` becomes 1."""
    numbers = np.arange(COUNT, dtype=dtype)
    images = np.broadcast_to(numbers[:, None, None, None], (COUNT, 4, 4, 1)).copy()
    labels = np.broadcast_to(np.arange(COUNT, dtype=np.uint8)[:, None, None], (COUNT, 4, 4)).copy()
    cases = tuple(Case(f"case{n}", f"case{n}", (1, 1), ("",), lambda: None, lambda: None) for n in range(COUNT))
    return SizedCases(images, labels, np.tile(np.float32([0, high]), (COUNT, 1)), np.full((COUNT, 2), 4), cases)


def pairs(chosen=range(COUNT), **kind):
    sized = numbered(**kind)
    return Pairs.of(sized, [sized.cases[n] for n in chosen])


def first(dataset, count):
    return [tuple(x.numpy() for x in batch) for batch in dataset.take(count)]


def numbers_of(batches):
    return np.concatenate([labels[:, 0, 0] for _, labels in batches])


@pytest.mark.parametrize("batch", [1, 3, 7, 16])
def test_every_pair_once_an_epoch(batch):
    batches = first(real_batches(pairs(), batch, seed=1).elements(0), -(-3 * COUNT // batch))
    assert all(images.shape == (batch, 4, 4, 1) for images, _ in batches)
    epochs = numbers_of(batches)[: 3 * COUNT].reshape(3, COUNT)
    for epoch in epochs:
        assert sorted(epoch) == list(range(COUNT))
    assert len(np.unique(epochs, axis=0)) == 3  # each in its own order
    for images, labels in batches:
        np.testing.assert_allclose(images[:, 0, 0, 0], labels[:, 0, 0] * 2 / 100 - 1, atol=1e-6)


@pytest.mark.parametrize("count", [SORTED, SORTED + 1])
def test_orders_of_few_and_many_pairs(count):
    part = Part(
        np.zeros((count, 1, 1, 1), np.uint8),
        np.zeros((count, 1, 1), np.uint8),
        np.arange(count),
        np.zeros((count, 2), np.float32),
    )
    drawn = np.concatenate([Pairs([part]).positions(3, tf.constant(first), 64) for first in range(0, 3 * count, 64)])
    epochs = drawn[: 3 * count].reshape(3, count)
    assert all(sorted(epoch) == list(range(count)) for epoch in epochs) and len(np.unique(epochs, axis=0)) == 3


def test_a_change_is_drawn_anew_for_every_minibatch_and_again_from_any_start():
    def change(images, labels, seed):
        return images + tf.random.stateless_uniform((), seed), labels

    plain, changed = (first(real_batches(pairs(), 4, seed=1, change=one).elements(0), 5) for one in (None, change))
    added = [images - before for (images, _), (before, _) in zip(changed, plain)]
    assert all(np.ptp(one) < 1e-6 for one in added) and len({round(float(one.flat[0]), 4) for one in added}) == 5
    later = first(real_batches(pairs(), 4, seed=1, change=change).elements(3), 2)
    np.testing.assert_array_equal(later[0][0], changed[3][0])


def generate(latents):
    """Images and labels that repeat the latents' first number."""
    images = tf.tile(latents[:, None, None, :1], (1, 4, 4, 1))
    return images, tf.cast(100 + 0 * images[..., 0], tf.uint8)


AUGMENTED = Augmentation(shift=0.1, flip=True)


def stream(start=0, seed=5, real=3, generated=2, augmentation=AUGMENTED):
    return training_batches(pairs(), real, generated, generate, 4, augmentation, seed).elements(start)


def test_a_stream_continues_where_it_was_left():
    whole, later = first(stream(), 8), first(stream(start=5), 3)
    for one, two in zip(whole[5:], later):
        for expected, found in zip(one, two):
            np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(whole[4][0], later[0][0])
    assert not np.array_equal(whole[0][0], first(stream(seed=6), 1)[0][0])


@pytest.mark.parametrize(("real", "generated"), [(3, 0), (3, 2), (0, 4)])
def test_mixture(real, generated):
    batches = first(stream(real=real, generated=generated, augmentation=Augmentation()), 7)
    for images, labels in batches:
        assert images.shape == (real + generated, 4, 4, 1) and images.dtype == np.float32
        assert labels.dtype == np.uint8
        assert (labels[:, 0, 0] < COUNT).tolist() == [True] * real + [False] * generated
    if real:
        found = np.concatenate([labels[:real, 0, 0] for _, labels in batches])
        assert np.unique(found, return_counts=True)[1].tolist() == [real] * COUNT
    if generated:
        latents = np.concatenate([images[real:, 0, 0, 0] for images, _ in batches])
        assert len(np.unique(latents)) == 7 * generated  # fresh in every minibatch


MIXED = training_batches(pairs(), 3, 2, generate, 4, AUGMENTED, 5)
KINDS = {
    "real": real_batches(pairs(), 3, 1, AUGMENTED),
    "joined": joined_batches([(pairs(), 2), (pairs([1, 2]), 1)], 1, AUGMENTED),
    "one after the other": one_after_the_other(pairs([0, 1]), pairs([5, 6]), 2, 3, 1, AUGMENTED),
    "mixed": MIXED,
    "generated": training_batches(pairs(), 0, 2, generate, 4, AUGMENTED, 5),
    "mapped": MIXED.map(lambda images, labels: (2 * images, labels)),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_same_minibatches_in_tf_data_and_in_the_step(name):
    made = KINDS[name]
    inside = replace(made, sampling=Sampling(in_step=True))
    stored = next(iter(inside.elements(0)))
    assert all(part.dtype != tf.float32 for part in tf.nest.flatten(stored) if part.shape.rank == 4)
    batches, opened = made.batches(1), inside.batches(1)
    for _ in range(4):
        for one, two in zip(next(batches), next(opened)):
            np.testing.assert_allclose(one, two, atol=1e-6)
            assert len(one) == made.size and one.dtype == two.dtype


@pytest.mark.parametrize("name", ["one after the other", "mixed", "generated"])
def test_stored_integers_wait_on_the_device_of_the_step(name):
    made = KINDS[name]
    ahead = replace(made, sampling=Sampling(in_step=True, device=tf.config.list_logical_devices("CPU")[1].name))
    assert all(part.device.endswith("CPU:1") for part in tf.nest.flatten(next(iter(ahead.elements(0)))))
    for batch, placed, _ in zip(made.batches(3), ahead.batches(3), range(3)):
        for expected, found in zip(batch, placed):
            np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "dtype",
    [np.uint8, *(pytest.param(dtype, marks=pytest.mark.long) for dtype in (np.int16, np.uint16, np.float32))],
)
def test_pairs_on_the_device_give_the_same_minibatches_and_are_not_delivered(dtype):
    def made():
        sized = numbered(dtype=dtype)
        rows = [np.array(chosen) for chosen in ([1, 2], [4])]
        several = Pairs([Part(sized.images, sized.labels, chosen, sized.ranges[chosen]) for chosen in rows])
        return (
            real_batches(pairs(dtype=dtype), 3, 1, AUGMENTED),
            joined_batches([(several, 2), (pairs([1, 2], dtype=dtype), 1)], 1, AUGMENTED),
            training_batches(pairs(dtype=dtype), 3, 2, generate, 4, AUGMENTED, 5),
        )

    elsewhere = made()
    try:
        set_sampling("step", 1, pairs(dtype=dtype).nbytes)
        resident = made()
    finally:
        set_sampling("auto", 1)
    for one, other in zip(elsewhere, resident):
        assert all(part.shape.rank <= 1 for part in tf.nest.flatten(next(iter(other.elements(0)))))
        batches, placed = one.batches(0), other.batches(0)
        for _ in range(4):
            for expected, found in zip(next(batches), next(placed)):
                np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("dtype", "lacking"), [(np.uint8, 1), (np.int32, 0)])
def test_what_is_larger_than_allowed_or_of_another_type_is_delivered(dtype, lacking):
    try:
        set_sampling("step", 1, pairs(dtype=dtype).nbytes - lacking)
        stored = next(iter(real_batches(pairs(dtype=dtype), 3, 1).elements(0)))
    finally:
        set_sampling("auto", 1)
    assert any(part.shape.rank == 4 for part in tf.nest.flatten(stored))


@pytest.mark.skipif(not tf.test.is_built_with_cuda(), reason="TensorFlow for Linux knows the operations of GPUs")
def test_gpus_gather_every_stored_type_of_variables():
    """TensorFlow is built with its GPU operations, and knows them without a GPU."""
    found = kernels.get_registered_kernels_for_op("ResourceGather").kernel
    types = {
        tf.dtypes.as_dtype(number)
        for kernel in found
        if kernel.device_type == "GPU"
        for constraint in kernel.constraint
        if constraint.name == "dtype"
        for number in constraint.allowed_values.list.type
    }
    assert set(TYPES) <= types


def test_sides_are_drawn_alike():
    made = real_batches(pairs(), 3, 1, AUGMENTED)
    for sampling in (Sampling(False), Sampling(True)):
        (first, _), (second, _) = next(replace(zipped(made, made), sampling=sampling).batches(2))
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("setting", "steps"), [("gpu", 1), ("auto", 0)])
def test_unknown_samplings_are_refused(setting, steps):
    with pytest.raises(InputError, match=r"sampling|steps_per_call"):
        set_sampling(setting, steps)


def test_latents_are_standard_normal():
    batches = first(stream(real=0, generated=500, augmentation=Augmentation()), 4)
    latents = np.concatenate([images[:, 0, 0, 0] for images, _ in batches])
    assert latents.mean() == pytest.approx(0, abs=4 / np.sqrt(2000))
    assert latents.std() == pytest.approx(1, rel=0.07)


def test_real_and_generated_pairs_are_augmented_alike():
    plain = first(stream(augmentation=Augmentation()), 1)[0]
    shifted = first(stream(augmentation=Augmentation(shift=0.1)), 1)[0]
    shifts = (shifted[0] - plain[0])[:, 0, 0, 0]
    assert len(np.unique(shifts.round(6))) == 5 and np.abs(shifts).min() > 1e-4
    np.testing.assert_array_equal(shifted[1], plain[1])


def test_normalisation():
    stored = np.uint16([[0, 1000, 2500, 4000, 65535], [0, 100, 150, 200, 65535]]).reshape(2, 1, 5, 1)
    ranges = np.float32([[1000, 4000], [100, 200]])
    expected = [[-1, -1, 0, 1, 1], [-1, -1, 0, 1, 1]]
    np.testing.assert_allclose(normalise(tf.constant(stored), tf.constant(ranges))[:, 0, :, 0], expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_chosen_cases_of_any_stored_type(dtype):
    chosen = [5, 2, 6]
    made = pairs(chosen, dtype=dtype, high=10)
    batches = first(made.in_order(2), -1)
    assert [len(images) for images, _ in batches] == [2, 1]
    assert numbers_of(batches).tolist() == chosen
    values = np.concatenate([images[:, 0, 0, 0] for images, _ in batches])
    np.testing.assert_allclose(values, np.float32(chosen) / 5 - 1, atol=1e-6)


def test_what_makes_minibatches_runs_as_it_is_written():
    """AutoGraph would write it anew, which takes longer than the first minibatch."""
    files = set()

    def read(number):
        files.add(sys._getframe().f_code.co_filename)
        return number

    minibatches = Minibatches(1, read, lambda number, stored: stored, Sampling())
    assert int(next(minibatches.batches(3))) == 3
    assert files == {__file__}


def test_no_tuner_keeps_an_iterator_from_going():
    """Its thread sleeps for up to a minute, and the iterator's end waits for it."""
    made, images = real_batches(pairs(), 3, 1), pairs()
    pipelines = [
        made.elements(0),
        replace(made, sampling=Sampling(in_step=True)).elements(0),
        images.in_order(2),
        judge_batches(images, [images], 1, 0),
    ]
    assert [each.options().autotune.enabled for each in pipelines] == [False] * 4
