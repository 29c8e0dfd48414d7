"""Every segmenter over every generator's pairs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tf_ganaug.question.settings import GANS, SEGMENTERS

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "matrix.py"


@pytest.mark.long
def test_every_pair_has_a_result(tmp_path):
    command = [sys.executable, str(SCRIPT), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(" after " in line for line in done.stdout.splitlines()) == len(GANS) * len(SEGMENTERS)
