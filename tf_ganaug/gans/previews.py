"""What a GAN's training shows on its way: real pairs once, and the same fixed inputs again and again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.grids import label_grid, pair_grid
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.gans.train import PREVIEWS
from tf_ganaug.run import RunFolder


def show_reals(run: RunFolder, pairs: Pairs, spec: LabelSpec) -> None:
    """Writes reals.png, training pairs at equal distances: neighbours may be frames of one film."""
    images, labels = pairs.take(np.linspace(0, pairs.count - 1, min(PREVIEWS, pairs.count)).astype(int))
    run.picture(0, "reals", pair_grid(images.numpy(), labels.numpy(), spec, run.path / "reals.png"))


def pair_previews(
    run: RunFolder, spec: LabelSpec, sample: Callable[[], tuple[tf.Tensor, tf.Tensor]]
) -> Callable[[int, str], dict[str, float]]:
    """From an iteration and a name to a grid of what `sample` makes of its fixed inputs; measures nothing.

    Args:
        run: where the grids are written.
        spec: of the labels.
        sample: returns images (N, H, W, C) in [-1, 1] and labels (N, H, W); compiled here.
    """
    forward = graph_function(sample)

    def look(step: int, name: str) -> dict[str, float]:
        images, labels = (x.numpy() for x in forward())
        run.picture(step, "fakes", pair_grid(images, labels, spec, run.path / f"{name}.png"))
        return {}

    return look


def show_real_labels(run: RunFolder, labels: np.ndarray, spec: LabelSpec) -> None:
    """Writes reals.png, real label maps (N, H, W)."""
    run.picture(0, "reals", label_grid(labels, spec, run.path / "reals.png"))


def label_previews(
    run: RunFolder, spec: LabelSpec, sample: Callable[[], tf.Tensor]
) -> Callable[[int, str], dict[str, float]]:
    """As `pair_previews`, for label maps (N, H, W) alone; `sample` is not compiled here."""

    def look(step: int, name: str) -> dict[str, float]:
        run.picture(step, "fakes", label_grid(sample().numpy(), spec, run.path / f"{name}.png"))
        return {}

    return look
