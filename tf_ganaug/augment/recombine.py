"""Label maps put together from the layers of others, so that rare classes appear more often (Liu 2019, 2.2 and 3.2).

A layer is all pixels of one class in one map. Layers are pasted from the thickest class to the thinnest
(`LabelMaps.ordered`), so that a pole is not hidden by the train behind it. Nothing is moved or interpolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.errors import InputError


class Layer(NamedTuple):
    """All pixels of a class in a map.

    Attributes:
        class_index: of the class.
        source: number of the map.
    """

    class_index: int
    source: int


@dataclass(frozen=True)
class Recipe:
    """What a recombined map is made of.

    Attributes:
        base: number of the map that lies under the layers; of a reconstruction, the layers its base is made of.
        layers: pasted on the base, the first first.
    """

    base: int | tuple[Layer, ...]
    layers: tuple[Layer, ...]

    def provenance(self, ids: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
        """The recipe for a file: where every layer is from.

        Args:
            ids: of the maps.
            names: of the classes.
        """

        def told(layers: Iterable[Layer]) -> list[dict[str, str]]:
            return [{"class": names[layer.class_index], "source": ids[layer.source]} for layer in layers]

        base = ids[self.base] if isinstance(self.base, int) else told(self.base)
        return {"base": base, "layers": told(self.layers)}


def separate(label: np.ndarray) -> dict[int, np.ndarray]:
    """A map (H, W) by class index: (H, W) bool, where it has the class. `IGNORE` is no class."""
    return {int(number): label == number for number in np.unique(label) if number != IGNORE}


def overlay(label: np.ndarray, source: np.ndarray, class_index: int) -> np.ndarray:
    """The map with one layer of another pasted on it, also where it is `IGNORE`; both (H, W) uint8."""
    return np.where(source == class_index, np.uint8(class_index), label)


def nearest_in_column(covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the holes of a map are filled from: the nearest covered pixel of the column, upwards if two are.

    A column without any is filled as the nearest column that has some, to the left if two do.

    Args:
        covered: (H, W) bool, somewhere True.

    Returns:
        Rows (H, W) and columns (1, W) to index with; a covered pixel is its own.
    """
    columns = _nearest(covered.any(0)[:, None]).T
    return _nearest(covered)[:, columns[0]], columns


def _nearest(covered: np.ndarray) -> np.ndarray:
    """(H, W) int32: the row of the nearest covered pixel of the column."""
    height = len(covered)
    rows = np.arange(height, dtype=np.int32)[:, None]
    # What is not there is further than anything that is.
    above, below = np.where(covered, rows, -height), np.where(covered, rows, 2 * height)
    for row in range(1, height):  # several times as fast as ufunc.accumulate down the columns
        np.maximum(above[row - 1], above[row], out=above[row])
        np.minimum(below[-row], below[-row - 1], out=below[-row - 1])
    return np.where(rows - above <= below - rows, above, below)


def _other(sources: np.ndarray, base: int, rng: np.random.Generator) -> int:
    """A map drawn from the sources, not the base itself unless there is no other: its own layer would add nothing."""
    others = sources[sources != base]
    return int(rng.choice(others if len(others) else sources))


class LabelMaps:
    """The maps whose layers are recombined, with how often they have each class.

    Every draw is a function of its seed and number, so that fewer maps of a seed are the first of more.

    Args:
        labels: N maps (H, W) uint8, class indices of `spec` or `IGNORE`; an array (N, H, W) may be
            memory-mapped.
        spec: of the maps.
        instances: N maps (H, W) of int32, ids of the instances; layers then bring theirs, as new ids.

    Raises:
        InputError: if there is no map, or they differ in size.
    """

    def __init__(self, labels: Sequence[np.ndarray], spec: LabelSpec, instances: Sequence[np.ndarray] | None = None):
        self.labels, self.spec, self.instances = labels, spec, instances
        self._require_one_size()

    def _require_one_size(self) -> None:
        if not len(self.labels):
            raise InputError("label maps to recombine", "at least one", "none", "add labelled images")
        first = np.shape(self.labels[0])
        for maps in (self.labels, () if self.instances is None else self.instances):
            for number, one in enumerate(maps):
                if np.shape(one) != first:
                    expected = f"{first[0]} x {first[1]} pixels, as the first"
                    remedy = "bring all maps to one size"
                    raise InputError(f"label map {number}", expected, " x ".join(map(str, np.shape(one))), remedy)

    @cached_property
    def pixels(self) -> np.ndarray:
        """(N, classes) int64: pixels of each class in each map."""
        return np.array([self._count(label) for label in self.labels])

    @property
    def appearance(self) -> np.ndarray:
        """(classes,): share of the maps that have the class, the paper's appearance frequency (3.1)."""
        return (self.pixels > 0).mean(0)

    @property
    def share(self) -> np.ndarray:
        """(classes,): share of the pixels that have a class."""
        return self.pixels.sum(0) / self.pixels.sum()

    @cached_property
    def thickness(self) -> np.ndarray:
        """(classes,): twice the area over the length of the border, in pixels; of a strip this is its width.

        The border of the maps is none of the class; a class without a border is infinitely thick, one that no
        map has is nan.
        """
        borders = np.zeros(len(self.spec.classes), np.int64)
        for label in self.labels:
            for one, other in ((label[1:], label[:-1]), (label[:, 1:], label[:, :-1])):
                border = one != other
                borders += self._count(one[border]) + self._count(other[border])
        with np.errstate(divide="ignore", invalid="ignore"):
            return 2 * self.pixels.sum(0) / borders

    def _count(self, label: np.ndarray) -> np.ndarray:
        return np.bincount(label.ravel(), minlength=IGNORE + 1)[: len(self.spec.classes)]

    def ordered(self, classes: Iterable[int]) -> list[int]:
        """The classes in the order they are pasted in: the thickest first, by index where two are alike."""
        return sorted(classes, key=lambda number: (-self.thickness[number], number))

    def _indices(self, names: Sequence[str]) -> list[int]:
        """Of classes that some map has."""
        for name in names:
            if name not in self.spec.names:
                raise InputError(f"class {name!r}", f"one of {', '.join(self.spec.names)}", "another", "name one")
            if not self.pixels[:, self.spec.names.index(name)].any():
                expected = "a label map that has it"
                raise InputError(f"class {name!r}", expected, f"none of {len(self.labels)}", "choose another class")
        return [self.spec.names.index(name) for name in names]

    def overlays(self, names: Sequence[str], seed: int, number: int | None = None) -> list[Recipe]:
        """Maps with one layer of each of these classes on them, each from a map drawn at random (3.2).

        One class, as the paper's wall, is pasted on the maps that lack it. Several are pasted on every map, one layer
        of each also where the map has the class: of what nearly all maps have there would else be none. Every such
        map comes once, in random order, before any comes again.

        Args:
            names: of the classes.
            seed: of the draws.
            number: of recipes; None for every such map once, as the paper.

        Raises:
            InputError: for a class that no map has, or if no map lacks the only one.
        """
        classes = self.ordered(self._indices(names))
        present = self.pixels > 0
        bases = np.arange(len(present)) if len(classes) > 1 else np.flatnonzero(~present[:, classes[0]])
        if not len(bases):
            found = f"it in each of {len(self.labels)}"
            raise InputError(f"overlay of {names[0]}", "a label map that lacks it", found, "choose a rarer one")
        sources = {one: np.flatnonzero(present[:, one]) for one in classes}
        recipes = []
        for draw in range(len(bases) if number is None else number):
            turn, place = divmod(draw, len(bases))
            base = int(np.random.default_rng([seed, 0, turn]).permutation(bases)[place])
            rng = np.random.default_rng([seed, 1, draw])
            layers = [Layer(one, _other(sources[one], base, rng)) for one in classes]
            recipes.append(Recipe(base, tuple(layers)))
        return recipes

    def reconstructions(
        self, base: Sequence[str], seed: int, number: int, names: Sequence[str] | None = None
    ) -> list[Recipe]:
        """Maps all of whose layers are from different maps: a base without holes, and other classes on it (3.2).

        Args:
            base: the classes of the base, the first lowest; the paper's are sky, building and road. Holes
                between them are filled by `nearest_in_column`.
            seed: of the draws; the paper makes two sets.
            number: of recipes.
            names: of the other classes; None for all that some map has.

        Raises:
            InputError: for a class that no map has, or if there are not as many different maps that have the
                classes as there are layers.
        """
        ground = self._indices(base)
        if names is None:
            names = [name for name, pixels in zip(self.spec.names, self.pixels.sum(0)) if pixels and name not in base]
        classes = [*ground, *self.ordered(self._indices(names))]
        absent = ~(self.pixels[:, classes] > 0).T
        recipes = []
        for draw in range(number):
            # The cheapest assignment at random costs takes each layer from a random map, and none twice.
            costs = np.random.default_rng([seed, draw]).random(absent.shape)
            try:
                _, sources = linear_sum_assignment(np.where(absent, np.inf, costs))
                complete = len(sources) == len(classes)
            except ValueError:
                complete = False
            if not complete:
                expected = f"a different label map for each of {len(classes)} layers"
                found = f"{len(self.labels)} maps, of which too few have the rare ones"
                raise InputError("reconstruction", expected, found, "choose fewer classes, or add labelled images")
            layers = [Layer(one, int(source)) for one, source in zip(classes, sources)]
            recipes.append(Recipe(tuple(layers[: len(ground)]), tuple(layers[len(ground) :])))
        return recipes

    def added(self, recipes: Iterable[Recipe]) -> np.ndarray:
        """(classes,) int64: how many of the recipes paste a layer of each class on their base."""
        pasted = [layer.class_index for recipe in recipes for layer in recipe.layers]
        return np.bincount(pasted, minlength=len(self.spec.names))

    def compose(self, recipe: Recipe) -> np.ndarray:
        """The recipe's map, (H, W) uint8."""
        return self._composed(recipe, with_instances=False)[0]

    def compose_with_instances(self, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
        """The recipe's map, and the ids of its instances (H, W) int32: those of no two sources are alike."""
        return self._composed(recipe, with_instances=True)

    def _composed(self, recipe: Recipe, with_instances: bool) -> tuple[np.ndarray, np.ndarray | None]:
        if isinstance(recipe.base, int):
            label = np.array(self.labels[recipe.base])
            instances = np.array(self.instances[recipe.base], np.int32) if with_instances else None
        else:
            label = np.full(np.shape(self.labels[0]), IGNORE, np.uint8)
            instances = np.zeros(label.shape, np.int32) if with_instances else None
            self._paste(recipe.base, label, instances)
            filled = nearest_in_column(label != IGNORE)
            label, instances = (None if one is None else one[filled] for one in (label, instances))
        self._paste(recipe.layers, label, instances)
        return label, instances

    def _paste(self, layers: Iterable[Layer], label: np.ndarray, instances: np.ndarray | None) -> None:
        for layer in layers:
            mask = self.labels[layer.source] == layer.class_index
            if instances is not None:
                source = self.instances[layer.source]
                first = instances.max() + 1 - source.min()
                np.copyto(instances, source + first, where=mask, casting="same_kind")
            np.copyto(label, np.uint8(layer.class_index), where=mask)
