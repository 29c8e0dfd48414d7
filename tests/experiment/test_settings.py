"""Settings from files and changes."""

from __future__ import annotations

import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.settings import PROFILES, configs_folder, load_settings, require_counts
from tf_ganaug.papers.experiments import all_papers
from tf_ganaug.papers.neff2018.lung import Settings


def load(profile: str, *changes: str) -> Settings:
    return load_settings(Settings, configs_folder(), "neff2018", profile, changes)


def test_the_paper_profile_is_the_paper():
    s = load("paper")
    assert (s.folds, s.folds_used, s.data.size) == (3, 3, [256, 256])
    assert (s.gan.iterations, s.gan.critic_steps, s.gan.penalty_weight) == (10000, 5, 10.0)
    assert (s.gan.learning_rate, s.gan.beta_1, s.gan.beta_2) == (1e-4, 0.5, 0.9)
    assert (s.segmenter.learning_rate, s.segmenter.beta_1, s.segmenter.beta_2) == (1e-4, 0.5, 0.9)
    assert (s.segmenter.levels, s.segmenter.filters, s.segmenter.batch) == (3, 64, 16)
    assert (s.segmenter.min_iterations, s.segmenter.more_iterations, s.segmenter.max_iterations) == (
        3000,
        3000,
        None,
    )
    assert s.gan.he and s.gan.negative_slope == 0.0


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_complete(profile):
    assert load(profile).gan.iterations > 0


def test_changes_win():
    s = load("quick", "gan.iterations=7", "data.size=[32, 64]", "segmenter.max_iterations=null")
    assert (s.gan.iterations, s.data.size, s.segmenter.max_iterations) == (7, [32, 64], None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("gan.iteration=5", "gan.iterations"),
        ("nothing=5", "segmenter"),
        ("gan.iterations=many", "gan.iterations"),
        ("gan.iterations", "KEY=VALUE"),
        ("data.size=[a, b]", "data.size"),
        ("gan=[", "--set"),
        ("seed=${seed}", "--set: expected values"),
        ("data.size=${oc.env:HOME}", "--set: expected values"),
    ],
)
def test_a_wrong_change_is_one_line(change, says):
    with pytest.raises(InputError) as error:
        load("quick", change)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("change", ["seed=-1", "gan.batch=0", "gan.learning_rate=nan", "segmenter.levels=-2"])
def test_numbers_that_count_nothing_are_refused(change):
    with pytest.raises(InputError, match=f"--set {change.partition('=')[0]}: expected"):
        require_counts(load("quick", change))


@pytest.mark.parametrize("profile", PROFILES)
def test_those_of_the_profiles_are_not(profile):
    for found in all_papers().values():
        for experiment in found:
            settings = experiment.module.Settings
            require_counts(load_settings(settings, configs_folder(), experiment.config, profile, []))


def test_a_file_that_is_no_yaml(tmp_path):
    (tmp_path / "neff2018.yaml").write_text("seed: [1")
    with pytest.raises(InputError, match=r"neff2018\.yaml"):
        load_settings(Settings, tmp_path, "neff2018", "paper", [])


def test_a_missing_value_is_named(tmp_path):
    (tmp_path / "neff2018.yaml").write_text("seed: 1")
    with pytest.raises(InputError, match="segmenter"):
        load_settings(Settings, tmp_path, "neff2018", "paper", [])
