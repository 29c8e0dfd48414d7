"""Small real data to ask about; a test that changes them takes a copy."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from tests.commands.questions import disc


@pytest.fixture(scope="session")
def colour(tmp_path_factory):
    """Eight subjects with two colour PNGs each, 23 x 37 pixels, masks of 0 and 255."""
    root, rng = tmp_path_factory.mktemp("data") / "discs", np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for subject in range(8):
        for view in "ab":
            mask = disc(rng, 23, 37)
            pixels = np.clip(rng.normal(80, 9, (23, 37, 3)) + 90 * mask[..., None], 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(root / "images" / f"s{subject}{view}.png")
            Image.fromarray(np.uint8(255 * mask)).save(root / "labels" / f"s{subject}{view}.png")
    (root / "dataset.yaml").write_text("subject: (s\\d)\nclasses: {255: disc}\n")
    return root


@pytest.fixture(scope="session")
def masks(colour, tmp_path_factory):
    """The same pictures with masks of black and orange, as annotation programs save them."""
    root = tmp_path_factory.mktemp("data") / "masks"
    shutil.copytree(colour, root)
    for path in (root / "labels").iterdir():
        inside = np.asarray(Image.open(path)) > 0
        Image.fromarray(np.where(inside[..., None], (230, 120, 0), 0).astype(np.uint8)).save(path)
    (root / "dataset.yaml").write_text("subject: (s\\d)\ncolours: {disc: [230, 120, 0]}\n")
    return root
