"""A training goes on from the newest state that is whole, to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.checkpoints import Checkpoints
from tf_ganaug.errors import InputError
from tf_ganaug.run import RunFolder, read_metrics


def train(folder, end, every=2):
    """A sum whose bits depend on every step; continues where it stopped."""
    run = RunFolder(folder, {})
    step, weights = tf.Variable(0), tf.Variable(tf.zeros((300,)))
    checkpoints = Checkpoints(run, step=step, weights=weights)
    checkpoints.restore()
    run.rewind(int(step))
    while int(step) < end:
        step.assign_add(1)
        weights.assign(tf.sin(weights * 3.0 + tf.random.stateless_normal((300,), [1, int(step)])))
        run.record(int(step), {"loss": float(weights[0])})
        if int(step) % every == 0:
            checkpoints.save(int(step))
    return weights.numpy()


def cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def flip(path, place=-40):
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(bytes(data))


def newest(folder, kind):
    return max(
        (folder / "checkpoints").glob(f"ckpt-*{kind}*"), key=lambda path: int(path.name.split("-")[1].split(".")[0])
    )


DAMAGES = {
    "data cut": lambda folder: cut(newest(folder, ".data")),
    "data empty": lambda folder: newest(folder, ".data").write_bytes(b""),
    "data zeroed": lambda folder: newest(folder, ".data").write_bytes(bytes(newest(folder, ".data").stat().st_size)),
    "one bit of the data": lambda folder: flip(newest(folder, ".data")),
    "data gone": lambda folder: newest(folder, ".data").unlink(),
    "index cut": lambda folder: cut(newest(folder, ".index")),
    "index empty": lambda folder: newest(folder, ".index").write_bytes(b""),
    "one bit of the index": lambda folder: flip(newest(folder, ".index"), 30),
    "index gone": lambda folder: newest(folder, ".index").unlink(),
    "all cut": lambda folder: [cut(path) for path in (folder / "checkpoints").iterdir()],
    "all gone": lambda folder: [path.unlink() for path in (folder / "checkpoints").iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_states_are_passed_over(tmp_path, damage):
    expected = train(tmp_path / "whole", 9)
    train(tmp_path / "damaged", 7)
    DAMAGES[damage](tmp_path / "damaged")
    np.testing.assert_array_equal(train(tmp_path / "damaged", 9), expected)
    assert read_metrics(tmp_path / "damaged") == read_metrics(tmp_path / "whole")
    kept = sorted(path.name for path in (tmp_path / "damaged" / "checkpoints").glob("*.index"))
    assert kept == ["ckpt-6.index", "ckpt-8.index"]
    log = tmp_path / "damaged" / "log.txt"
    assert damage.endswith("gone") or "is damaged and left out" in log.read_text()


def test_states_of_other_networks_are_refused(tmp_path):
    train(tmp_path, 2)
    other = Checkpoints(
        RunFolder(tmp_path, {}), step=tf.Variable(0), weights=tf.Variable(tf.zeros((300,))), more=tf.Variable(1)
    )
    with pytest.raises(InputError, match=r"ckpt-2: expected a state of these networks.*remove"):
        other.restore()
