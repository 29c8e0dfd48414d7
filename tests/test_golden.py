"""The golden runner itself, and the small cases of the authors' networks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

CASES = Path(__file__).parent / "golden"


def run_golden(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tf_ganaug.golden", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_networks_equal_the_authors():
    done = run_golden(CASES)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(list(CASES.glob("*.json"))) + 1
    assert all("passes" in line for line in lines[:-1])


def test_a_changed_number_fails_and_an_unknown_network_is_missing(tmp_path):
    name = "wgan_gp_dcgan_small"
    for suffix in (".json", ".npz"):
        shutil.copyfile(CASES / f"{name}{suffix}", tmp_path / f"{name}{suffix}")
    with np.load(tmp_path / f"{name}.npz") as stored:
        outputs = dict(stored)
    outputs["gradient_norms"] = outputs["gradient_norms"] * 1.01
    np.savez(tmp_path / f"{name}.npz", **outputs)
    unknown = {"case": "x", "network": "diffusion", "kwargs": {}, "weights": [], "inputs": []}
    (tmp_path / "x.json").write_text(json.dumps(unknown))
    done = run_golden(tmp_path)
    assert done.returncode == 1
    failed, missing, total = done.stdout.splitlines()
    assert "FAILS" in failed and "gradient_norms" in failed
    assert "missing" in missing and "diffusion" in missing
    assert total == "0 of 2 cases pass"


def test_an_empty_folder_is_an_error(tmp_path):
    done = run_golden(tmp_path)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr.splitlines()[-1]
