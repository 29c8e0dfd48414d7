"""Which trainings stay in memory with their compiled steps."""

from __future__ import annotations

import pytest
import tensorflow as tf

from tf_ganaug.reuse import Reuse


class Number:
    """What differs from another of its kind in a number."""

    def __init__(self, value: float):
        self.value = tf.Variable(value)

    def parts(self) -> tf.train.Checkpoint:
        return tf.train.Checkpoint(value=self.value)


def test_two_kinds_stay_compiled():
    compiled = Reuse()
    one, two = (compiled(Number(value), kind) for kind, value in (("a", 1.0), ("b", 2.0)))
    assert compiled(Number(3.0), "a") is one and float(one.value) == 3.0
    assert compiled(Number(4.0), "b") is two and float(two.value) == 4.0
    compiled(Number(5.0), "c")
    assert compiled(Number(6.0), "b") is two and compiled(Number(7.0), "a") is not one


def test_what_has_other_parts_is_not_of_the_kind():
    compiled = Reuse()
    compiled(Number(1.0), "a")
    other = Number(2.0)
    other.parts = lambda: tf.train.Checkpoint(value=other.value, more=tf.Variable(1.0))
    with pytest.raises(AssertionError):
        compiled(other, "a")
