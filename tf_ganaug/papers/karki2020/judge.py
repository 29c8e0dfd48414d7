"""The three criteria for a pix2pix's candidates: a segmenter's reading, sharpness and a classifier's belief."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.gans.train import Schedule
from tf_ganaug.models.googlenet import googlenet
from tf_ganaug.quality.fcn_score import fcn_scores
from tf_ganaug.quality.realism import Judge, probability_real, scored_subjects, share_real, train_judge
from tf_ganaug.quality.selection import select
from tf_ganaug.quality.sharpness import fourier_magnitude, laplacian_variance
from tf_ganaug.random import named_seed
from tf_ganaug.run import whole

#: Images measured at once.
BATCH = 32


class LesionJudge:
    """Measures the candidates of one subset: run judge-SHARE.

    Args:
        subset: what the candidates were trained on; names the run.
        judged: whose masks they paint to be judged, and whose originals the classifier learns beside them: were these
            of other patients, it could tell patients instead of paintings.
        reader: the segmenter that reads the images, trained on originals.
    """

    def __init__(self, subset: Subset, judged: Subset, reader: Callable[[], keras.Model]):
        self.subset, self.judged, self.reader = subset, judged, reader
        self.settings = subset.settings

    def table(self, painted: Mapping[int, np.ndarray]) -> pd.DataFrame:
        """Every candidate's measures and whether it is chosen, by the rule of `quality.selection`.

        Args:
            painted: epochs to the image of each of the judged masks, (N, H, W, C) as stored.

        Returns:
            Columns `candidate` (epochs), `fcn_score`, `sharpness`, `fourier_magnitude`, `share_real`,
            `rank_sum` and `chosen`, and in every row what the originals have, `original_sharpness` and
            `original_share_real`, the latter of slices the classifier has not learnt.
        """
        pairs = {epochs: self._pairs(images, np.arange(len(images))) for epochs, images in painted.items()}
        scored, judge = np.flatnonzero(self._scored()), self._trained(painted)
        model, measured = self.reader(), self.judged.spec.measured
        records = []
        for epochs, found in pairs.items():
            records.append(
                {
                    "candidate": epochs,
                    "fcn_score": float(fcn_scores(model, found.in_order(BATCH), measured).mean()),
                    **_sharpness(found),
                    "share_real": share_real(probability_real(judge, _images(self._pairs(painted[epochs], scored)))),
                }
            )
        sharpness = _sharpness(self.judged.pairs(self.judged.rows))["sharpness"]
        known = share_real(probability_real(judge, _images(self.judged.pairs(self.judged.rows[scored]))))
        table = select(pd.DataFrame(records), sharpness)
        return table.assign(original_sharpness=sharpness, original_share_real=known)

    def _pairs(self, images: np.ndarray, rows: np.ndarray) -> Pairs:
        """Some of a candidate's images with the masks they were painted from."""
        masks = self.judged.sized.labels[self.judged.rows]
        return Pairs([self.judged.part(images, masks, rows)])

    def _scored(self) -> np.ndarray:
        """Which of the judged masks, (N,) bool, are for scoring."""
        subjects = [self.judged.sized.cases[row].subject for row in self.judged.rows]
        return scored_subjects(subjects, named_seed(self.settings.seed, "scored"))

    def _trained(self, painted: Mapping[int, np.ndarray]) -> Judge:
        """The classifier, trained first if that is not done; on no image of the scored masks, real or painted."""
        s = self.settings.judge
        run = self.subset.run("judge", {**asdict(s), "candidates": list(painted)})
        judge = self._new_judge()
        path = run.path / "classifier.weights.h5"
        if not run.finished:
            learnt = np.flatnonzero(~self._scored())
            reals = self.judged.pairs(self.judged.rows[learnt])
            candidates = [self._pairs(images, learnt) for images in painted.values()]
            schedule = Schedule(s.iterations, s.log_every, (), s.checkpoint_every)
            seed = named_seed(self.settings.seed, f"judge-{self.subset.name}")
            seconds = train_judge(run, judge, reals, candidates, s.each, seed, schedule)
            judge.model.save_weights(path)
            run.finish({"iterations": s.iterations, "seconds": seconds, "originals": reals.count})
        judge.model.load_weights(whole(path))
        return judge

    def _new_judge(self) -> Judge:
        s, seed = self.settings.judge, named_seed(self.settings.seed, f"judge-{self.subset.name}")
        backend.begin_networks(seed)
        height, width, channels = self.subset.sized.images.shape[1:]
        model = googlenet(height, width, channels, 2, s.filters, seed=seed % 2**20)
        return Judge(model, s.learning_rate, self.settings.jit_compile)


def _images(pairs: Pairs) -> Iterator[tf.Tensor]:
    return (images for images, _ in pairs.in_order(BATCH))


def _sharpness(pairs: Pairs) -> dict[str, float]:
    """Means over the images of both measures."""
    found = [(laplacian_variance(images), fourier_magnitude(images)) for images in _images(pairs)]
    laplacian, fourier = (float(np.concatenate(column).mean()) for column in zip(*found))
    return {"sharpness": laplacian, "fourier_magnitude": fourier}
