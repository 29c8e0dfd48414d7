"""Discs and squares to ask about, and how a test asks."""

from __future__ import annotations

import numpy as np
from click.testing import CliRunner
from PIL import Image

from tests.precision import PRECISION, float32_after
from tf_ganaug.cli import main


def disc(rng, height, width):
    """A mask of a disc somewhere inside."""
    rows, columns = np.mgrid[:height, :width]
    radius = min(height, width) * rng.uniform(0.15, 0.3)
    centre = rng.uniform(radius, height - radius), rng.uniform(radius, width - radius)
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2


def squares(root, count, height, width):
    """The folder with so many grey pictures, which have a bright square of the class 1 each."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(count):
        mask = np.zeros((height, width), np.uint8)
        mask[2 + number : height // 2 + 1 + number, 5 : width // 2 + 3] = 1
        pixels = rng.normal(80, 9, mask.shape) + 90 * mask
        Image.fromarray(pixels.astype(np.uint8)).save(root / "images" / f"s{number}.png")
        Image.fromarray(mask).save(root / "labels" / f"s{number}.png")
    (root / "dataset.yaml").write_text("classes: {1: square}\n")
    return root


def call(*arguments):
    """The command's result; an exception that escapes it fails the test."""
    with float32_after():
        return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def asked(data, out, gan, segmenter, screen="none", mix="add"):
    options = {"data": data, "out": out, "gan": gan, "segmenter": segmenter, "screen": screen, "mix": mix}
    options["precision"] = PRECISION
    named = [part for name, value in options.items() for part in (f"--{name}", value)]
    few = ["--set", "training.iterations=3", "--set", "pix2pix.preview_every=100"]
    return ["run", *named, "--profile", "smoke", "--repeats", 1, "--arms", "real,gan", *few]
