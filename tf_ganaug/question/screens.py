"""Which generated pairs stay: by their label maps' z-scores, or by how well a segmenter reads them."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pandas as pd

from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.experiment.subset import chunks
from tf_ganaug.quality.fcn_score import fcn_scores
from tf_ganaug.quality.sharpness import laplacian_variance
from tf_ganaug.quality.zscore import Reference, find_threshold

#: Pairs measured at once.
BATCH = 32


def keep_all(drawn: Part) -> pd.DataFrame:
    """All pairs: a row each, with `pair`, its position, and `kept`."""
    return pd.DataFrame({"pair": drawn.rows, "kept": True})


def by_zscore(drawn: Part, real: Part, real_share: float, most: int) -> pd.DataFrame:
    """Foroozandeh 2020, 3.4: label maps far from the mean of the real ones go; the first of the others stay.

    Args:
        drawn: generated pairs.
        real: the generator's training pairs.
        real_share: of the real label maps that may be lost, in [0, 1).
        most: pairs that stay, at most.

    Returns:
        A row for each pair: `pair`, its position, `norm` of its z-scores, and `kept`.
    """

    def batches(part: Part) -> Iterator[np.ndarray]:
        return (part.labels[rows] for rows in chunks(part.rows, BATCH))

    reference = Reference.from_maps(batches(real))
    real_norms, norms = (np.concatenate([reference.norms(maps) for maps in batches(part)]) for part in (real, drawn))
    near = norms <= find_threshold(real_norms, norms, real_share)
    return pd.DataFrame({"pair": drawn.rows, "norm": norms, "kept": near & (np.cumsum(near) <= most)})


def by_quality(drawn: Part, real: Part, reader: keras.Model, measured: tuple[int, ...], most: int) -> pd.DataFrame:
    """After Karki 2020, 3.2, image by image: those whose ranks of FCN score and sharpness sum to least stay.

    The FCN score says whether a segmenter of real images finds the label; sharpness is best where it is the real
    images' mean.

    Args:
        drawn: generated pairs.
        real: the generator's training pairs.
        reader: images to logits, trained on real images.
        measured: class indices that count.
        most: pairs that stay, at most.

    Returns:
        A row for each pair: `pair`, its position, `fcn_score`, `sharpness`, `rank_sum`, and `kept`.
    """
    pairs = Pairs([drawn])
    scores = fcn_scores(reader, pairs.in_order(BATCH), measured)
    sharpness, aim = _sharpness(pairs), _sharpness(Pairs([real])).mean()
    away = np.abs(np.log(np.maximum(sharpness, 1e-12) / max(aim, 1e-12)))
    ranks = pd.Series(-scores).rank() + pd.Series(away).rank()
    kept = (ranks.rank(method="first") <= most).to_numpy()
    columns = {"fcn_score": scores, "sharpness": sharpness, "rank_sum": ranks.to_numpy(), "kept": kept}
    return pd.DataFrame({"pair": drawn.rows, **columns})


def _sharpness(pairs: Pairs) -> np.ndarray:
    """(N,) variance of the Laplacian of each image."""
    return np.concatenate([laplacian_variance(images).numpy() for images, _ in pairs.in_order(BATCH)])
