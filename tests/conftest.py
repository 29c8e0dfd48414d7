"""Commands are imported as they stand in scripts/; the graphs of one test file are gone in the next."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


def pytest_collection_modifyitems(items: list[pytest.Item]):
    """Whole commands, which take longest, first: else one core is left with them in the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("scripts", "commands"))


@pytest.fixture(scope="module", autouse=True)
def forget_graphs():
    """Hundreds of networks fill gigabytes, and Python's garbage collector walks through all of them."""
    yield
    keras.backend.clear_session()
    gc.collect()
