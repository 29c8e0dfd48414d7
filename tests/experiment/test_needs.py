"""What a plan says of steps and machines: graphs whose costs are known, and the head of every configuration."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.compiled import Compiled, on_paper
from tf_ganaug.experiment.estimate import estimate
from tf_ganaug.experiment.needs import Needs
from tf_ganaug.experiment.settings import PROFILES, configs_folder
from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.work import Work
from tf_ganaug.papers.experiments import Experiment, all_papers
from tf_ganaug.papers.reproduce import prepare


def on_ones(function, *shapes) -> Work:
    with on_paper() as calls:
        Compiled(function)(*(tf.ones(shape) for shape in shapes))
    return Work.of(calls)


def test_arithmetic_and_memory_of_a_convolution_and_its_gradient():
    kernel = tf.Variable(tf.ones((3, 3, 2, 5)))

    def step(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(tf.nn.conv2d(images, kernel, 1, "SAME")))
        kernel.assign_sub(tape.gradient(loss, kernel))
        return loss

    work = on_ones(step, (4, 8, 8, 2))
    # Two multiplications and additions of each output with each weight that it sees; backwards by the kernel alone.
    assert work.operations == 2 * (2 * 4 * 8 * 8 * 5 * 3 * 3 * 2)
    assert work.variables == 4 * 3 * 3 * 2 * 5
    # The maps and what becomes of them for the gradient: two or three at a time, each of 5 KB.
    maps = 4 * 4 * 8 * 8 * 5
    assert 2 * maps <= work.results <= 3.2 * maps


def test_a_result_is_held_until_its_last_reader():
    size = 4 * 1000 * 1000

    def chain(x: tf.Tensor) -> tf.Tensor:
        first = tf.matmul(x, x)
        for _ in range(5):
            first = tf.matmul(first, x)
        return tf.reduce_sum(first)

    def kept(x: tf.Tensor) -> tf.Tensor:
        all_of_them = [tf.matmul(x, x) for _ in range(6)]
        return tf.reduce_sum(tf.concat([tf.reduce_sum(one)[None] for one in reversed(all_of_them)], 0))

    assert on_ones(chain, (1000, 1000)).results == pytest.approx(2 * size, rel=0.01)
    assert on_ones(kept, (1000, 1000)).results == pytest.approx(6 * size, rel=0.01)
    assert on_ones(chain, (1000, 1000)).operations == 6 * 2 * 1000**3


def test_a_step_on_paper_changes_nothing_and_counts_each_call():
    variable = tf.Variable(1.0)
    step = Compiled(lambda x: {"sum": variable.assign_add(tf.reduce_sum(x @ x))})
    with on_paper() as calls:
        for _ in range(3):
            assert float(step(tf.ones((2, 2)))["sum"]) == 0
    assert float(variable) == 1 and Work.of(calls).operations == 3 * 2 * 2**3
    assert float(step(tf.ones((2, 2)))["sum"]) == 9


def test_warnings_name_what_is_less(tmp_path):
    assert list(Needs(1, 1e6, 1e6, 1e6).lacking(tmp_path)) == []
    warned = list(Needs(1, 0.0, 1e18, 2e18).lacking(tmp_path / "not" / "there"))
    assert ["1000000000 GB are needed" in line for line in warned] == [True, False]
    assert "of the machine" in warned[0] and f"disk of {tmp_path}" in warned[1]
    if not tf.config.list_physical_devices("GPU"):
        assert "of the machine" in next(Needs(1, 1e18, 0.0, 0.0).lacking(tmp_path))


def without_tensorflow(*arguments: str) -> subprocess.CompletedProcess:
    code = "import sys; sys.modules['tensorflow'] = None; from tf_ganaug.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_the_list_and_the_first_line_of_a_plan_need_no_tensorflow():
    listed = without_tensorflow("paper", "--list")
    assert listed.returncode == 0 and "liu2019 --experiment cityscapes" in listed.stdout, listed.stderr
    begun = without_tensorflow("paper", "neff2018", "--profile", "paper", "--dry-run")
    assert begun.returncode and begun.stdout.startswith("Neff et al. 2018, lung experiment"), begun.stderr


CONFIGURATIONS = [
    (experiment, profile) for found in all_papers().values() for experiment in found for profile in PROFILES
]


def stated(experiment: Experiment, profile: str) -> str | None:
    """The line at the head of a configuration, if it has one."""
    ending = "" if profile == "paper" else f".{profile}"
    head = (configs_folder() / f"{experiment.config}{ending}.yaml").read_text(encoding="utf-8").split("\n\n")[0]
    return next((line for line in head.splitlines() if line.startswith("# Needs:")), None)


def numbers(line: str) -> list[float]:
    """The trainings, and megabytes."""
    found = re.findall(r"(\d+(?:\.\d+)?) (trainings|MB|GB)", line)
    return [float(number) * (1000 if unit == "GB" else 1) for number, unit in found]


def test_every_paper_profile_says_what_it_needs():
    for experiment, profile in CONFIGURATIONS:
        line = stated(experiment, profile)
        assert len(numbers(line)) == 4 if line else profile != "paper", experiment.config


@pytest.mark.long
@pytest.mark.parametrize(
    ("experiment", "profile"),
    [one for one in CONFIGURATIONS if stated(*one)],
    ids=lambda one: getattr(one, "config", one),
)
def test_a_configurations_head_says_what_it_needs(experiment, profile, tmp_path):
    changes = ["segmenter.vgg16=random"] if experiment.config == "karki2020" and profile == "paper" else []
    opening, folder, _ = prepare(experiment, profile, changes, Request(), tmp_path / "out")
    study = opening(folder)
    found = Needs.of(study, list(estimate(experiment.module.trainings(study, experiment.default_parts[profile]))))
    # The stacks' graphs are not quite the same.
    np.testing.assert_allclose(numbers(str(found)), numbers(stated(experiment, profile)), rtol=0.1, atol=1)
