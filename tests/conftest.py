"""Commands are imported as they stand in scripts/; the graphs of one test file are gone in the next."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="module", autouse=True)
def forget_graphs():
    """Hundreds of networks fill gigabytes, and Python's garbage collector walks through all of them."""
    yield
    keras.backend.clear_session()
    gc.collect()
