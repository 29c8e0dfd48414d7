"""The generated pairs of one subset: drawn from its generator, screened, measured, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.subset import Subset, chunks
from tf_ganaug.files import replacing
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.quality.copies import Nearest, nearest, origins
from tf_ganaug.question.generator import Generator
from tf_ganaug.question.screens import BATCH, by_quality, by_zscore, keep_all
from tf_ganaug.random import fold, named_seed
from tf_ganaug.run import RunFolder, whole

#: Images read at a time to be compared with others.
READ = 256


class Pool:
    """The pool of a subset: run pool-NAME, made once.

    Args:
        generator: trained first if that is not done.
        reader: a segmenter trained on the subset's real images, which the quality screen asks.
    """

    def __init__(self, generator: Generator, reader: Callable[[], keras.Model]):
        self.generator, self.reader = generator, reader
        self.subset: Subset = generator.subset
        self.settings = self.subset.settings
        self.seed = named_seed(self.settings.seed, f"pool-{self.subset.name}")

    @property
    def count(self) -> int:
        """Pairs that are kept."""
        return max(1, round(self.settings.pool.amount * len(self.subset.rows)))

    def part(self) -> Part:
        """The kept pairs; the pool is made first if that is not done."""
        run = self.subset.run("pool", self._options)
        if not run.finished:
            self._make(run)
        images, labels = (open_array(whole(run.path / f"{name}.npy")) for name in ("images", "labels"))
        kept = read_frame(whole(run.path / "pairs.csv")).query("kept").pair.to_numpy()
        return self.subset.part(images, labels, kept)

    @property
    def result(self) -> dict:
        """What a finished pool came to."""
        return self.subset.run("pool", self._options).result()

    @property
    def _options(self) -> dict:
        s = self.settings
        chosen = {name: value for name, value in asdict(s.pool).items() if name != "features"}
        return {"gan": s.gan, "screen": s.screen, **chosen}

    def _make(self, run: RunFolder) -> None:
        synthesizer = self.generator.synthesizer()
        screened = self.settings.screen != "none"
        drawn = round(self.count * self.settings.pool.oversample) if screened else self.count
        self._draw(run, synthesizer, drawn)
        images, labels = (open_array(whole(run.path / f"{name}.npy")) for name in ("images", "labels"))
        table = self._screened(self.subset.part(images, labels, np.arange(drawn)))
        if not table.kept.any():
            expected, remedy = (
                f"pairs that the screen {self.settings.screen} keeps",
                "train the GAN longer, or do without",
            )
            raise InputError(run.path, expected, f"none of {drawn}", f"{remedy} --screen")
        write_frame(run.path / "pairs.csv", table)
        kept = self.subset.part(images, labels, table.query("kept").pair.to_numpy())
        write_frame(run.path / "nearest.csv", pd.DataFrame(asdict(self._nearest(kept))))
        run.finish(
            {
                "drawn": drawn,
                "kept": len(kept.rows),
                "empty_share": float(np.mean([not self._has_class(labels[row]) for row in kept.rows])),
                "empty_share_real": float(
                    np.mean([not self._has_class(self.subset.sized.labels[row]) for row in self.subset.rows])
                ),
            }
        )

    def _has_class(self, label: np.ndarray) -> bool:
        return bool(np.isin(label, self.subset.spec.measured).any())

    def _draw(self, run: RunFolder, synthesizer: Synthesizer, count: int) -> None:
        data = self.subset
        shape = (count, *data.sized.images.shape[1:])
        with (
            replacing(run.path / "images.npy") as first,
            replacing(run.path / "labels.npy") as second,
            NewArray(first, data.sized.images.dtype, shape) as images,
            NewArray(second, np.uint8, shape[:3]) as labels,
        ):
            for rows in tqdm(list(chunks(np.arange(count), BATCH)), run.path.name, unit=f"{BATCH} pairs", disable=None):
                latents = tf.random.stateless_normal((BATCH, synthesizer.latent_size), fold(self.seed, rows[0]))
                made, classes = synthesizer.pairs(latents)
                images.append(data.provenance.to_stored(made.numpy())[: len(rows)])
                labels.append(classes.numpy()[: len(rows)])

    def _screened(self, drawn: Part) -> pd.DataFrame:
        s, data = self.settings, self.subset
        if s.screen == "none":
            return keep_all(drawn)
        real = data.real(data.rows)
        if s.screen == "zscore":
            return by_zscore(drawn, real, s.pool.real_share, self.count)
        most = min(self.count, max(1, round(s.pool.quality_share * len(drawn.rows))))
        return by_quality(drawn, real, self.reader(), data.spec.measured, most)

    def nearest(self) -> Nearest:
        """The training images most like each kept pair, of a finished pool."""
        frame = read_frame(whole(self.subset.path("pool") / "nearest.csv"))
        return Nearest(frame.numbers.to_numpy(), frame.distances.to_numpy())

    def _nearest(self, part: Part) -> Nearest:
        """Those most like each image of a part."""
        data = self.subset
        subjects = origins([data.sized.cases[row].subject for row in data.rows])
        return nearest(_images(part), _images(data.real(data.rows)), subjects)


def _images(part: Part) -> tf.data.Dataset:
    """Minibatches of a part's images in [-1, 1], read anew each time they are gone through."""
    return Pairs([part]).in_order(READ).map(lambda images, labels: images)
