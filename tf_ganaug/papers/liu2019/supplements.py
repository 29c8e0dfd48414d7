"""Which classes are rare, and the supplementary pairs that raise them: runs supplement-NAME."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from tf_ganaug.augment.recombine import LabelMaps, Recipe
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.pairs import Part
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.files import replacing, write_text
from tf_ganaug.generators.pix2pixhd_painter import BATCH, PhotographPainter
from tf_ganaug.random import named_seed
from tf_ganaug.run import RunFolder, whole

#: A class is rare by images if fewer of them have it than this share, and by pixels if it has less than this share of
#: what each class would have of an even distribution.
RARE_IMAGES, RARE_PIXELS = 0.6, 0.25

METHODS = ("single", "several", "reconstruction", "style")


@dataclass(frozen=True)
class Supplement:
    """A set of supplementary pairs.

    Attributes:
        method: one of `METHODS`.
        count: of pairs.
        draw: number of the set's seed; the paper reconstructs twice.
    """

    method: str
    count: int
    draw: int = 0

    @property
    def name(self) -> str:
        """Of its run."""
        return f"supplement-{self.method}{self.draw + 1 if self.draw else ''}-{self.count}"

    @classmethod
    def named(cls, name: str) -> Supplement:
        """The set of a run's folder, whose name ends with that of the training images.

        Raises:
            ValueError: for a name that no set has.
        """
        found = re.fullmatch(r"supplement-([a-z]+)(\d*)-(\d+)-train", name)
        if not found:
            raise ValueError(f"{name} is no folder of supplementary pairs")
        method, draw, count = found.groups()
        return cls(method, int(count), int(draw or 1) - 1)


def rarity(maps: LabelMaps, ious: pd.Series | None = None) -> pd.DataFrame:
    """How often each class occurs and how well it is segmented (Liu 2019, 3.1 and Figure 3).

    Args:
        maps: to count in.
        ious: validation IoU of the baseline by class, in [0, 1].

    Returns:
        Index: class, the rarest in images first; columns `images` and `pixels`, shares in [0, 1]; `iou`, if given;
        and `rare`, by what it is: "images", "pixels", "IoU" (below the mean).
    """
    frame = pd.DataFrame({"images": maps.appearance, "pixels": maps.share}, list(maps.spec.names))
    rare = {"images": frame.images < RARE_IMAGES, "pixels": frame.pixels < RARE_PIXELS / len(frame)}
    if ious is not None:
        frame["iou"] = ious.reindex(frame.index)
        rare["IoU"] = frame.iou < frame.iou.mean()
    frame["rare"] = [", ".join(by for by, marks in rare.items() if marks[name]) for name in frame.index]
    return frame.sort_values(["images", "pixels"])


def proposed(frame: pd.DataFrame, number: int) -> list[str]:
    """The classes to raise: of the rare ones that some map has, the worst by the baseline's IoU.

    A single one is rare by images, so that there are many maps to overlay it on; several are by images or pixels, and
    every map may have them.

    Args:
        frame: from `rarity`, with `iou`.
        number: of classes, at most.

    Returns:
        The worst first; of equal IoU the rarer first.

    Raises:
        InputError: if no class is rare.
    """
    by = "images" if number == 1 else "images|pixels"
    rare = frame[frame.rare.str.contains(by) & (frame.images > 0)]
    if not len(rare):
        expected = f"a class in fewer than {RARE_IMAGES:.0%} of the images, or with few pixels"
        raise InputError("maps.single", expected, "none", "name the class to overlay with --set maps.single=CLASS")
    return rare.sort_values("iou", kind="stable").index[:number].tolist()


class Supplements:
    """Makes each set of supplementary pairs once.

    Args:
        subset: the training images.
        painter: of label maps.
        instances: of all sized cases, with `painter.edges`.
        raised: from "single" or "several" to the names of the classes overlaid.
        stylise: images (N, H, W, C) in [-1, 1] in the style of others.
    """

    def __init__(
        self,
        subset: Subset,
        painter: PhotographPainter,
        instances: np.ndarray | None,
        raised: Callable[[str], Sequence[str]],
        stylise: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ):
        self.subset, self.painter, self.instances = subset, painter, instances
        self.raised, self.stylise, self.settings = raised, stylise, subset.settings

    @cached_property
    def maps(self) -> LabelMaps:
        """The training label maps."""
        rows = self.subset.rows
        instances = None if self.instances is None else self.instances[rows]
        return LabelMaps(self.subset.sized.labels[rows], self.subset.spec, instances)

    def recipes(self, supplement: Supplement) -> list[Recipe]:
        """What the set's label maps are made of.

        Raises:
            InputError: for classes that cannot be recombined, see `LabelMaps`.
        """
        seed = named_seed(self.settings.seed, f"recipes-{supplement.method}-{supplement.draw}")
        if supplement.method == "reconstruction":
            return self.maps.reconstructions(self.settings.maps.base, seed, supplement.count)
        return self.maps.overlays(self.raised(supplement.method), seed, supplement.count)

    def run(self, supplement: Supplement) -> RunFolder:
        """The set's finished run: images.npy, labels.npy, and provenance.json with the sources of each."""
        s = self.settings
        using = {"style": s.style} if supplement.method == "style" else {"maps": s.maps, "painter": s.painter}
        run = self.subset.run(supplement.name, {name: asdict(group) for name, group in using.items()})
        if not run.finished:
            images, labels, recipes = self._made(supplement)
            for name, array in (("images", images), ("labels", labels)):
                with replacing(run.path / f"{name}.npy") as temporary, temporary.open("wb") as file:
                    np.save(file, array)
            write_text(run.path / "provenance.json", json.dumps(recipes, indent=1))
            pixels = LabelMaps(labels, self.subset.spec)
            run.finish({"pairs": len(images), "appearance": pixels.appearance.tolist(), "share": pixels.share.tolist()})
        return run

    def part(self, supplement: Supplement) -> Part:
        """The set's pairs."""
        path = self.run(supplement).path
        images, labels = (open_array(whole(path / f"{name}.npy")) for name in ("images", "labels"))
        return self.subset.part(images, labels, np.arange(len(images)))

    def provenance(self, supplement: Supplement) -> list[dict[str, Any]]:
        """What each pair of a finished set was made of."""
        return json.loads(whole(self.run(supplement).path / "provenance.json").read_text(encoding="utf-8"))

    def _made(self, supplement: Supplement) -> tuple[np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Images in the stored type, labels, and where each is from."""
        stored = self.subset.sized.images
        images = np.empty((supplement.count, *stored.shape[1:]), stored.dtype)
        labels = np.empty(images.shape[:3], np.uint8)
        ids = [self.subset.sized.cases[row].id for row in self.subset.rows]
        styled = supplement.method == "style"
        chosen = self._couples(supplement.count) if styled else self.recipes(supplement)
        make = self._stylised if styled else self._painted
        with tqdm(total=supplement.count, desc=supplement.name, unit="image", disable=None) as bar:
            for first in range(0, supplement.count, BATCH):
                some = chosen[first : first + BATCH]
                part = slice(first, first + len(some))
                painted, labels[part] = make(some)
                images[part] = self.subset.provenance.to_stored(painted)
                bar.update(len(some))
        if styled:
            sources = [{"content": ids[content], "style": ids[style]} for content, style in chosen]
        else:
            sources = [recipe.provenance(ids, self.subset.spec.names) for recipe in chosen]
        return images, labels, sources

    def _painted(self, recipes: Sequence[Recipe]) -> tuple[np.ndarray, np.ndarray]:
        """Photographs of recombined maps."""
        if self.instances is None:
            labels = np.stack([self.maps.compose(recipe) for recipe in recipes])
            return self.painter.paint(labels), labels
        labels, instances = map(np.stack, zip(*map(self.maps.compose_with_instances, recipes)))
        return self.painter.paint(labels, instances), labels

    def _couples(self, count: int) -> list[tuple[int, int]]:
        """Content and style: every training image is a content once before any is again, never with itself."""
        number = len(self.subset.rows)
        if number < 2:
            raise InputError("style transfer", "at least two training images", str(number), "add images")
        seed, couples = named_seed(self.settings.seed, "style"), []
        for turn in range(-(-count // number)):
            order = np.random.default_rng([seed, turn]).permutation(number)
            couples += zip(order.tolist(), np.roll(order, 1).tolist())
        return couples[:count]

    def _stylised(self, couples: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Training photographs in the style of others, with their own labels."""
        contents, styles = (self.subset.rows[list(column)] for column in zip(*couples))
        sized, from_stored = self.subset.sized, self.subset.provenance.from_stored
        images = self.stylise(from_stored(sized.images[contents]), from_stored(sized.images[styles]))
        return images, sized.labels[contents]

    def composing(self) -> Callable[[], int]:
        """For the benchmark: a hundred recombined label maps alone, half of them reconstructions."""
        maps, half = self.maps, 50
        lacking = [name for name, share in zip(maps.spec.names, maps.appearance) if 0 < share < 1]
        recipes = maps.reconstructions(self.settings.maps.base, 0, half) + maps.overlays(lacking[:5], 0, half)
        return lambda: len([maps.compose(recipe) for recipe in recipes])
