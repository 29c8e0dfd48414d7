"""Pairs that every generator can learn from."""

from __future__ import annotations

import numpy as np
import pytest

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case, LabelSpec
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.settings import TRAINED

SPEC = LabelSpec.from_names({0: "road", 1: "car"})
COUNT, SIDE = 8, 32


@pytest.fixture(scope="module")
def subset(tmp_path_factory):
    """Pairs of three channels, whose left and right are alike."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (COUNT, SIDE, SIDE, 3)).astype(np.uint8)
    cases = tuple(Case(f"case{n}", f"case{n}", (1, 1), ("",), lambda: None, lambda: None) for n in range(COUNT))
    labels = (images[..., 0] > 128).astype(np.uint8)
    sized = SizedCases(images, labels, np.tile(np.float32([0, 255]), (COUNT, 1)), np.full((COUNT, 2), SIDE), cases)
    provenance = Provenance("cars", True, (), (), "uint8", 0.0, 255.0, (1.0, 1.0))
    settings = settings_of("smoke", [f"{group}.augment=adaptive" for group in TRAINED])
    place = tmp_path_factory.mktemp("runs")
    return Subset(place, "1", sized, np.arange(COUNT), SPEC, provenance, settings, mirrored=True)
