"""The golden runner itself, and the small cases of the authors' networks."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.golden.case import load_case
from tf_ganaug.golden.check import RUNNERS, check_case, check_folder, share

CASES = Path(__file__).parent / "golden"

#: Networks whose outputs for an image are the same whatever else is in its minibatch.
EACH_ALONE = (
    "deepmedic_2d",
    "pggan_reals",
    "pix2pixhd_discriminator",
    "pix2pixhd_global_generator",
    "pix2pixhd_local_enhancer",
    "pspnet",
    "spade_discriminator",
    "spade_generator",
)


def run_golden(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tf_ganaug.golden", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def written(folder: Path, name: str, change) -> Path:
    """A copy of the small case, its description changed in place by `change`, its stored outputs as they were."""
    text = json.loads((CASES / f"{name}.json").read_text())
    change(text)
    if (CASES / f"{name}.npz").exists():
        shutil.copyfile(CASES / f"{name}.npz", folder / f"{name}.npz")
    path = folder / f"{name}.json"
    path.write_text(json.dumps(text))
    return path


def test_networks_equal_the_authors():
    done = run_golden(CASES)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(list(CASES.glob("*.json"))) + 1
    assert all("passes" in line for line in lines[:-1])


def test_a_changed_number_fails(tmp_path):
    name = "wgan_gp_dcgan_small"
    written(tmp_path, name, lambda text: None)
    with np.load(tmp_path / f"{name}.npz") as stored:
        outputs = dict(stored)
    outputs["gradient_norms"] = outputs["gradient_norms"] * 1.01
    np.savez(tmp_path / f"{name}.npz", **outputs)
    done = CliRunner().invoke(main, ["golden", str(tmp_path)])
    assert done.exit_code == 1
    failed, total = done.output.splitlines()
    assert "FAILS" in failed and "gradient_norms" in failed
    assert total == "0 of 1 cases pass"


def test_an_empty_folder_is_an_error_and_onednn_is_off_for_this_command_alone(tmp_path):
    program = f"""
import os, sys
from tf_ganaug.cli import main
assert "tensorflow" not in sys.modules and "TF_ENABLE_ONEDNN_OPTS" not in os.environ
try:
    main(["golden", {str(tmp_path)!r}])
finally:
    assert "tensorflow" in sys.modules and os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
"""
    env = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr.splitlines()[-1]


def test_a_case_that_ends_in_an_exception_fails_and_the_others_run(tmp_path):
    for name in ("pggan_reals_small", "pggan_schedule"):
        written(tmp_path, name, lambda text: None)
    # Named so that they come before, between and after.
    (tmp_path / "a_damaged.json").write_text("{")
    lacking = json.loads((CASES / "pggan_schedule.json").read_text())
    del lacking["kwargs"]["minibatch"]
    (tmp_path / "pggan_s_lacking.json").write_text(json.dumps(lacking))
    written(tmp_path, "swd_small", lambda text: [entry["shape"].__setitem__(1, 48) for entry in text["inputs"]])
    (tmp_path / "z_unknown.json").write_text(json.dumps({"case": "z", "network": "diffusion", "kwargs": {}}))
    shutil.copyfile(CASES / "pggan_reals_small.json", tmp_path / "z_without_outputs.json")
    done = CliRunner().invoke(main, ["golden", str(tmp_path)])
    assert done.exit_code == 1, done.output
    damaged, reals, lacks, schedule, sized, unknown, without, total = done.output.splitlines()
    assert "FAILS" in damaged and "a_damaged.json: expected a golden case" in damaged
    assert "passes" in reals and "passes" in schedule
    assert "FAILS" in lacks and "KeyError: 'minibatch'" in lacks
    assert "FAILS" in sized and "48" in sized
    assert "missing" in unknown and "diffusion" in unknown
    assert "FAILS" in without and "z_without_outputs.npz" in without
    assert total == "2 of 7 cases pass"


def resized(text: dict, batch: int) -> None:
    for entry in text["inputs"]:
        entry["shape"][0] = batch


@pytest.mark.long
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*_small.json")))
def test_runners_take_any_minibatch(name, batch, tmp_path):
    before = json.loads((CASES / f"{name}.json").read_text())["inputs"][0]["shape"][0]
    if batch == before:
        pytest.skip("the small case itself")
    case = load_case(written(tmp_path, name, lambda text: resized(text, batch)))
    ours = RUNNERS[case.network](case)
    for key, golden in case.outputs.items():
        if case.network == "swd" and key == "std":
            continue  # of the original's runs
        assert np.isfinite(ours[key]).all(), key
        of_images = golden.ndim > 0 and len(golden) == before and not key.startswith("grad:")
        assert ours[key].shape == ((batch, *golden.shape[1:]) if of_images else golden.shape), key
        if case.network in EACH_ALONE:
            # The first images are drawn alike whatever their number.
            both = min(batch, before)
            assert share(key, golden[:both], ours[key][:both]) <= 1, key


@pytest.mark.long
@pytest.mark.parametrize("batch", [1, 3])
def test_the_runner_of_fcn8s_takes_any_minibatch(batch, tmp_path):
    # Its published widths have no small case; no weights are listed here, so they stay as the network starts.
    images = {"name": "input", "seed_name": "any", "shape": [batch, 8, 12, 3], "kind": "normal"}
    text = {"case": "any", "network": "fcn8s", "kwargs": {"classes": 2}, "weights": [], "inputs": [images]}
    np.savez(tmp_path / "any.npz", output=np.zeros((batch, 8, 12, 2), np.float32))
    (tmp_path / "any.json").write_text(json.dumps(text))
    case = load_case(tmp_path / "any.json")
    assert RUNNERS["fcn8s"](case)["output"].shape == (batch, 8, 12, 2)


def test_every_runner_has_a_case():
    kinds = {json.loads(path.read_text())["network"] for path in CASES.glob("*.json")}
    assert kinds | {"fcn8s"} == set(RUNNERS)


def test_what_our_network_cannot_be_is_refused(tmp_path):
    name = "spade_discriminator_small"
    verdict = check_case(written(tmp_path, name, lambda text: text["kwargs"].update(num_scales=3)))
    assert not verdict.passed
    assert f"num_scales of {name}: expected 2, as here, found 3" in verdict.line()


def test_a_misshapen_output_is_told(tmp_path):
    name = "pggan_reals_small"
    (verdict,) = check_folder(written(tmp_path, name, lambda text: resized(text, 2)).parent)
    assert verdict.error == math.inf
    assert "reals_lod0.0 has the shape (2, 16, 16, 1), in the case (4, 16, 16, 1)" in verdict.line()


def test_an_image_may_differ_in_a_pixel_but_not_as_a_whole():
    golden = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 1)).astype(np.float32)
    norm, pixel = np.linalg.norm(golden), np.zeros_like(golden)
    pixel[1, 5, 7] = 1.0
    assert share("images_lod0.0", golden, golden) == 0
    # A pixel alone: allowed are 1e-3, and that is 2e-5 of this image's norm.
    assert share("images_lod0.0", golden, golden + 9e-4 * pixel) == pytest.approx(0.9, rel=0.01)
    assert share("images_lod0.0", golden, golden + 1.1e-3 * pixel) > 1
    # All of it: allowed are 3e-5 of its norm, far below 1e-3.
    everywhere = norm / golden.size**0.5
    assert share("output", golden, golden + 2.7e-5 * everywhere) == pytest.approx(0.9, rel=0.01)
    assert share("output", golden, golden + 3.3e-5 * everywhere) > 1
    # Values above 1 may differ in proportion; an image of zeros must be that.
    assert share("output", 10 * golden, 10 * golden + 9e-3 * pixel) == pytest.approx(0.9, rel=0.01)
    assert share("output", 0 * golden, 0 * golden) == 0
    assert share("output", 0 * golden, 1e-9 * pixel) > 1


def test_losses_scores_and_gradients_are_held_to_their_own_size():
    golden = np.float32([1e-2, -2e-2])
    for name in ("critic_loss", "scores_real", "gradient_norms", "grad:kernel"):
        assert share(name, golden, golden + 2e-5) == pytest.approx(2 / 2.1, rel=1e-3)
        assert share(name, golden, golden + 2.2e-5) > 1
