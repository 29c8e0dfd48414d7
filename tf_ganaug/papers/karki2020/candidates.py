"""The images that a subset's pix2pix makes of its own masks: painted by every candidate, judged and chosen from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.pairs import Part
from tf_ganaug.experiment.subset import Subset, chunks
from tf_ganaug.files import replacing
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.generators.pix2pix_painter import Pix2PixPainter
from tf_ganaug.papers.karki2020.judge import LesionJudge
from tf_ganaug.quality.selection import pooled_images
from tf_ganaug.run import RunFolder, whole


class LesionPainter(Pix2PixPainter):
    """The subset's pix2pix and the images of its own masks: runs pix2pix-SHARE and images-SHARE.

    Args:
        subset: what it may see.
        judge: measures its candidates.
        copies: augmented pairs it also learns from, if any.
    """

    def __init__(self, subset: Subset, judge: LesionJudge, copies: Callable[[], Part] | None = None):
        super().__init__(subset, copies)
        self.judge = judge

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every candidate with what it was judged by and whether it is chosen, made first if that is not done."""
        s = self.settings
        run = self.subset.run("images", {"painter": asdict(s.painter), "judge": asdict(s.judge)})
        if not run.finished:
            judged = self.judge.judged
            kind = "epochs" if judged is self.subset else "judged"
            painted = {epochs: self._paint_all(run, epochs, judged.rows, kind) for epochs in s.painter.epochs}
            frame = self.judge.table(painted)
            if judged is not self.subset:
                for epochs in frame.candidate[frame.chosen]:
                    self._paint_all(run, int(epochs), self.subset.rows, "epochs")
            write_frame(run.path / "candidates.csv", frame)
            best = int(frame.candidate[frame.rank_sum.idxmin()])
            self.synthesizer(best, self.subset.sized.labels[self.subset.rows]).save(run.path / "synthesizer")
            run.finish({"images": len(self.subset.rows)})
        return read_frame(whole(run.path / "candidates.csv"))

    def _paint_all(self, run: RunFolder, epochs: int, rows: np.ndarray, kind: str) -> np.ndarray:
        """A candidate's image of every mask of these rows, stored as KIND; (N, H, W, C), memory-mapped."""
        path, stored = self._path(epochs, kind), self.subset.sized
        gan = self.candidate(epochs)
        shape = (len(rows), *stored.images.shape[1:])
        with replacing(path) as temporary, NewArray(temporary, stored.images.dtype, shape) as images:
            for part in tqdm(list(chunks(np.arange(len(rows)))), f"{run.path.name}, {epochs} epochs", disable=None):
                painted = self.paint(gan, stored.labels[rows[part]], int(part[0]))
                images.append(self.subset.provenance.to_stored(painted))
        return open_array(path)

    def images(self) -> np.ndarray:
        """An image of every training mask, (N, H, W, C) in the stored type: of the chosen candidates by turns."""
        chosen = self.table[self.table.chosen].candidate.tolist()
        return pooled_images([self.painted(epochs) for epochs in chosen])

    def painted(self, epochs: int) -> np.ndarray:
        """The images of a chosen candidate, memory-mapped; `table` makes them."""
        return open_array(whole(self._path(epochs)))

    def _path(self, epochs: int, kind: str = "epochs") -> Path:
        return self.subset.path("images") / f"{kind}{epochs:03d}.npy"
