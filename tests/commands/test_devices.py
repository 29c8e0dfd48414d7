"""--devices and --accumulate, on this process's two logical CPUs."""

from __future__ import annotations

import json

import pytest

from tests.commands.questions import call

pytestmark = pytest.mark.usefixtures("eager_file")


def asked(colour, out, *options):
    """The command's result."""
    named = ["--data", colour, "--segmenter", "unet_neff", "--profile", "smoke", "--repeats", 1, "--out", out]
    named += ["--set", "training.iterations=3"]
    return call("train-segmenter", *named, *options)


def trained(colour, out, *options):
    """A segmenter's result and settings."""
    result = asked(colour, out, *options)
    assert result.exit_code == 0, result.output
    run = next(path for path in out.iterdir() if path.name.startswith("unet_neff"))
    return json.loads((run / "result.json").read_text()), json.loads((out / "options.json").read_text())["settings"]


def test_a_segmenter_of_two_devices_is_that_of_one_and_folders_are_not_mixed(colour, tmp_path):
    one, _ = trained(colour, tmp_path / "one")
    two, settings = trained(colour, tmp_path / "two", "--devices", "all", "--accumulate", 2)
    assert (settings["devices"], settings["accumulate"]) == (2, 2)
    assert two["iterations"] == one["iterations"]
    assert two["validation_loss"] == pytest.approx(one["validation_loss"], rel=1e-4)

    refused = asked(colour, tmp_path / "one", "--devices", 2)
    assert refused.exit_code == 2
    assert "devices = 1 there, 2 asked" in refused.output


@pytest.mark.long
def test_a_gan_of_two_devices_makes_pairs(colour, tmp_path):
    options = ["--gan", "wgan_gp", "--profile", "smoke", "--devices", 2, "--out", tmp_path / "gan"]
    result = call("train-gan", "--data", colour, *options)
    assert result.exit_code == 0, result.output
    result = call("sample", tmp_path / "gan" / "gan-1", "-n", 3, "--out", tmp_path / "pairs")
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "pairs" / "images").iterdir())) == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--devices", 3], "devices: expected at most 2 here, found 3"),
        (["--accumulate", 0], "accumulate: expected at least 1, found 0"),
        (["--devices", 2, "--set", "jit_compile=true"], "devices: expected 1 with jit_compile"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(colour, tmp_path, options, expected):
    result = call("train-gan", "--data", colour, "--profile", "smoke", "--out", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert expected in result.output
    assert not (tmp_path / "out").exists()
