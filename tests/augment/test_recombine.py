"""Recombined label maps: what is pasted, what is not, from where, in which order, and exactly again."""

import json

import numpy as np
import pytest

from tf_ganaug.augment.recombine import LabelMaps, Layer, Recipe, nearest_in_column, overlay, separate
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.errors import InputError

NAMES = ("sky", "building", "road", "wall", "pole", "train", "cat")
SPEC = LabelSpec.from_names(dict(enumerate(NAMES)))
HEIGHT, WIDTH, MAPS = 12, 18, 20


def random_maps(seed=0):
    """Speckled scenes with void; half lack a wall, most a pole or a train, all a cat."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (MAPS, HEIGHT // 2, WIDTH // 2)).repeat(2, 1).repeat(2, 2).astype(np.uint8)
    for number, label in enumerate(labels):
        for name, every in (("wall", 2), ("pole", 3), ("train", 5)):
            if number % every == 0:
                label[rng.random(label.shape) < 0.1] = NAMES.index(name)
        label[rng.random(label.shape) < 0.1] = IGNORE
    return labels


LABELS = random_maps()
MAP = LabelMaps(LABELS, SPEC)
RECONSTRUCTIONS = MAP.reconstructions(("sky", "building", "road"), seed=3, number=30)
OVERLAYS = MAP.overlays(("pole", "train", "wall"), seed=3)


def test_separated_layers_part_the_map():
    for label in LABELS:
        layers = separate(label)
        assert set(layers) == set(np.unique(label)) - {IGNORE}
        np.testing.assert_array_equal(np.sum(list(layers.values()), 0), label != IGNORE)
        assert all((label[mask] == number).all() for number, mask in layers.items())


def test_an_overlay_writes_its_sources_pixels_over_void_too_and_nothing_else():
    label, source = LABELS[1], LABELS[2]
    before = label.copy(), source.copy()
    new = overlay(label, source, NAMES.index("wall"))
    pasted = source == NAMES.index("wall")
    assert (pasted & (label == IGNORE)).any()
    assert (new[pasted] == NAMES.index("wall")).all()
    np.testing.assert_array_equal(new[~pasted], label[~pasted])
    assert new.dtype == np.uint8
    for one, two in zip((label, source), before):
        np.testing.assert_array_equal(one, two)


def test_frequencies_and_thickness():
    strip = np.zeros((8, 10), np.uint8)
    strip[2:5] = 2  # three high
    strip[:, 4] = 1  # one wide
    strip[7, 9] = IGNORE
    maps = LabelMaps([strip, np.zeros_like(strip)], LabelSpec.from_names({0: "a", 1: "b", 2: "c", 3: "d"}))
    np.testing.assert_array_equal(maps.pixels, [[80 - 27 - 8 - 1, 8, 27, 0], [80, 0, 0, 0]])
    np.testing.assert_allclose(maps.appearance, [1, 0.5, 0.5, 0])
    np.testing.assert_allclose(maps.share, np.array([124, 8, 27, 0]) / 159)
    # Sides against another label: the column 16; the bars 9 above, 9 below, 6 beside the column.
    np.testing.assert_allclose(maps.thickness, [2 * 124 / (10 + 18 + 2), 1, 2 * 27 / 24, np.nan])
    assert maps.ordered([1, 2, 0]) == [0, 2, 1]


def test_every_map_that_lacks_the_class_gets_one_layer_of_it_once():
    wall = NAMES.index("wall")
    recipes = MAP.overlays(["wall"], seed=1)
    assert sorted(recipe.base for recipe in recipes) == [n for n in range(MAPS) if not (LABELS[n] == wall).any()]
    for recipe in recipes:
        (layer,) = recipe.layers
        assert layer.class_index == wall
        np.testing.assert_array_equal(MAP.compose(recipe), overlay(LABELS[recipe.base], LABELS[layer.source], wall))
    assert len({recipe.layers[0].source for recipe in recipes}) > 3
    np.testing.assert_array_equal(MAP.added(recipes), [0, 0, 0, len(recipes), 0, 0, 0])


def test_several_classes_are_pasted_once_each_on_every_map_the_thinnest_last():
    order = MAP.ordered([3, 4, 5])
    assert sorted(recipe.base for recipe in OVERLAYS) == list(range(MAPS))
    for recipe in OVERLAYS:
        assert [layer.class_index for layer in recipe.layers] == order
        assert all((LABELS[layer.source] == layer.class_index).any() for layer in recipe.layers)
        assert recipe.base not in {layer.source for layer in recipe.layers}, "its own layer adds nothing"
        expected = LABELS[recipe.base]
        for layer in recipe.layers:
            expected = overlay(expected, LABELS[layer.source], layer.class_index)
        np.testing.assert_array_equal(MAP.compose(recipe), expected)
    np.testing.assert_array_equal(MAP.added(OVERLAYS)[3:6], [MAPS] * 3)


def test_a_class_that_every_map_has_is_pasted_among_several_and_one_map_may_have_to_serve_itself():
    labels = LABELS.copy()
    labels[:, 0, 0] = NAMES.index("pole")
    labels[labels == NAMES.index("train")] = 0
    labels[4, 3, :5] = NAMES.index("train")
    maps = LabelMaps(labels, SPEC)
    recipes = maps.overlays(["pole", "train"], seed=1)
    assert maps.added(recipes)[[4, 5]].tolist() == [MAPS, MAPS]
    assert {layer.source for recipe in recipes for layer in recipe.layers if layer.class_index == 5} == {4}


def test_more_overlays_than_maps_take_every_map_again_with_other_layers():
    once, thrice = (MAP.overlays(["wall"], seed=1, number=number) for number in (None, 30))
    assert thrice[:10] == once
    bases = [recipe.base for recipe in thrice]
    assert sorted(bases[:10]) == sorted(bases[10:20]) == sorted(bases[20:])
    assert bases[:10] != bases[10:20]
    assert len({(recipe.base, recipe.layers) for recipe in thrice}) > 20


def test_holes_take_the_nearest_pixel_of_their_column_or_of_the_nearest_column():
    rng = np.random.default_rng(0)
    covered = rng.random((9, 14)) < 0.2
    covered[:, [0, 6, 7, 8]] = False
    rows, columns = (np.broadcast_to(places, covered.shape) for places in nearest_in_column(covered))
    filled = np.flatnonzero(covered.any(0))
    for row, column in np.ndindex(covered.shape):
        beside = min(filled, key=lambda other: (abs(other - column), other))
        above = min(np.flatnonzero(covered[:, beside]), key=lambda other: (abs(other - row), other))
        assert (rows[row, column], columns[row, column]) == (above, beside)


def test_a_reconstruction_has_no_void_and_all_layers_from_different_maps():
    for recipe in RECONSTRUCTIONS:
        assert [layer.class_index for layer in recipe.base] == [0, 1, 2]
        assert [layer.class_index for layer in recipe.layers] == MAP.ordered([3, 4, 5])
        layers = (*recipe.base, *recipe.layers)
        assert len({layer.source for layer in layers}) == len(layers)
        assert all((LABELS[layer.source] == layer.class_index).any() for layer in layers)

        new, seen = MAP.compose(recipe), np.zeros((HEIGHT, WIDTH), bool)
        assert (new != IGNORE).all()
        for layer in reversed(layers):  # what no later layer hides is there, exactly
            pasted = LABELS[layer.source] == layer.class_index
            assert (new[pasted & ~seen] == layer.class_index).all()
            seen |= pasted
        assert (~seen).any()
        assert set(new[~seen]) <= {0, 1, 2}
    assert MAP.added(RECONSTRUCTIONS).tolist() == [0, 0, 0, 30, 30, 30, 0]
    # The draws come near to even: a train's source is one of four.
    assert {recipe.layers[MAP.ordered([3, 4, 5]).index(5)].source for recipe in RECONSTRUCTIONS} == {0, 5, 10, 15}


def test_the_same_seed_is_the_same_and_another_another():
    ground = ("sky", "building", "road")
    again = LabelMaps(list(LABELS), SPEC)
    assert again.reconstructions(ground, seed=3, number=12) == RECONSTRUCTIONS[:12]
    assert again.overlays(("wall", "train", "pole"), seed=3) == OVERLAYS
    assert MAP.reconstructions(ground, seed=4, number=12) != RECONSTRUCTIONS[:12]
    assert MAP.overlays(("pole", "train", "wall"), seed=4) != OVERLAYS


def test_provenance_names_every_source():
    ids = [f"scene{number}" for number in range(MAPS)]
    recipe = Recipe((Layer(0, 3), Layer(2, 1)), (Layer(4, 9),))
    told = {
        "base": [{"class": "sky", "source": "scene3"}, {"class": "road", "source": "scene1"}],
        "layers": [{"class": "pole", "source": "scene9"}],
    }
    assert json.loads(json.dumps(recipe.provenance(ids, NAMES))) == told
    assert OVERLAYS[0].provenance(ids, NAMES)["base"] == ids[OVERLAYS[0].base]


def test_instances_travel_with_their_layers_under_new_ids():
    rng = np.random.default_rng(5)
    instances = rng.integers(-1, 4, LABELS.shape).astype(np.int32)
    maps = LabelMaps(LABELS, SPEC, instances)
    for recipe in (*OVERLAYS[:5], *RECONSTRUCTIONS[:5]):
        label, ids = maps.compose_with_instances(recipe)
        np.testing.assert_array_equal(label, maps.compose(recipe))
        overlaid = isinstance(recipe.base, int)
        layers = recipe.layers if overlaid else (*recipe.base, *recipe.layers)
        # Of every pixel: the number of the layer it is from, and the id it had there.
        origin = np.full(label.shape, 0 if overlaid else -1)
        old = instances[recipe.base].copy() if overlaid else np.zeros_like(ids)
        for number, layer in enumerate(layers, 1):
            pasted = LABELS[layer.source] == layer.class_index
            origin[pasted], old[pasted] = number, instances[layer.source][pasted]
        exact = origin >= 0
        triples = set(zip(ids[exact], origin[exact], old[exact]))
        assert len(triples) == len({new for new, *_ in triples}) == len({(where, had) for _, where, had in triples})
        if overlaid:
            np.testing.assert_array_equal(ids[origin == 0], old[origin == 0])
        else:
            ground, ground_ids = maps.compose_with_instances(Recipe(recipe.base, ()))
            kept = ~np.isin(label, [layer.class_index for layer in recipe.layers])
            np.testing.assert_array_equal(ids[kept], ground_ids[kept])
            pasted = np.any([LABELS[layer.source] == layer.class_index for layer in recipe.base], 0)
            assert set(zip(ground_ids[~pasted], ground[~pasted])) <= set(zip(ground_ids[pasted], ground[pasted]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MAP.overlays(["cat"], 0), "class 'cat': .*none of 20"),
        (lambda: MAP.overlays(["dog"], 0), "class 'dog': expected one of sky, building"),
        (lambda: MAP.overlays(["road"], 0), "overlay of road: .*found it in each of 20"),
        (lambda: MAP.reconstructions(["sky", "cat"], 0, 1), "class 'cat': .*none of 20"),
        (lambda: LabelMaps(LABELS[:5], SPEC).reconstructions(["sky", "building", "road"], 0, 1), "each of 6 .*5 maps"),
        (lambda: LabelMaps(LABELS[[0, 1, 7, 11]], SPEC).reconstructions(["sky"], 0, 1, ["pole", "train"]), "each of 3"),
        (lambda: LabelMaps([], SPEC), "at least one"),
        (lambda: LabelMaps([LABELS[0], LABELS[1, 1:]], SPEC), "label map 1: expected 12 x 18 .*found 11 x 18"),
        (lambda: LabelMaps(LABELS, SPEC, LABELS[:, :, 1:]), "label map 0: expected 12 x 18 .*found 12 x 17"),
    ],
)
def test_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
