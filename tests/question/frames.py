"""Results of segmenters made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd


def results(changes, real=0.8, fraction=1.0, arms=("real", "gan"), gans=None, **columns):
    """Subject frame of (subjects, repeats) changes in points: one class of every subject in two arms.

    Args:
        changes: (subjects, repeats) in points.
        real: Dice of the first arm.
        fraction: of the training data.
        arms: their names.
        gans: which GAN each repeat had; None: one for all.
        columns: further ones.
    """
    changes = np.asarray(changes, float)
    numbers = [0] * changes.shape[1] if gans is None else gans
    rows = [
        {"subject": f"s{s}", "class": "organ", "arm": arm, "repeat": r, "gan": gan, "dice": dice}
        for (s, r), change in np.ndenumerate(changes)
        for arm, dice, gan in ((arms[0], real, -1), (arms[1], real + change / 100, numbers[r]))
    ]
    kinds = {"kind": "", "pixels_true": 10.0, "pixels_found": 10.0}
    frame = pd.DataFrame(rows).assign(fraction=fraction, **{**kinds, **columns})
    return frame


def varied(mean, subjects=12, repeats=5, between=1.0, training=0.3, rest=0.3, seed=0):
    """Changes in points about a mean that the draws do not shift."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(0, between, (subjects, 1)) + rng.normal(0, training, repeats)
    drawn = drawn + rng.normal(0, rest, (subjects, repeats))
    return mean + drawn - drawn.mean()


def cases(images, arm="real", repeat=0, kind="", gan=-1, fraction=1.0):
    """Case frame of images as (subject, class, pixels_true, pixels_found, pixels_both)."""
    rows = []
    for number, (subject, name, true, found, both) in enumerate(images):
        dice = 2 * both / (true + found) if true + found else 1.0
        pixels = {"pixels_true": true, "pixels_found": found, "pixels_both": both}
        rows.append({"case": f"{subject}_{number}", "subject": subject, "class": name, "dice": dice, **pixels})
    named = {"arm": arm, "repeat": repeat, "kind": kind, "gan": gan, "fraction": fraction}
    return pd.DataFrame(rows).assign(**named)
