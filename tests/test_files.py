"""Folders that know what made them, and let one process in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.files import claim_options, locked


def test_other_options_are_refused_with_the_difference(tmp_path):
    claim_options(tmp_path, {"gan": {"dim": 4, "batch": 8}, "seed": 1})
    claim_options(tmp_path, {"gan": {"dim": 4, "batch": 8}, "seed": 1})
    with pytest.raises(InputError) as error:
        claim_options(tmp_path, {"gan": {"dim": 5, "batch": 8}})
    assert "gan.dim = 4 there, 5 asked" in str(error.value)
    assert "seed = 1 there, absent asked" in str(error.value)
    assert "batch" not in str(error.value)


def test_a_second_process_is_refused(tmp_path):
    script = (
        "import sys; from pathlib import Path; from tf_ganaug.files import locked\nwith locked(Path(sys.argv[1])): pass"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with locked(tmp_path):
        held = subprocess.run(command, capture_output=True, text=True, check=False)
    assert held.returncode != 0
    assert "no other process" in held.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
