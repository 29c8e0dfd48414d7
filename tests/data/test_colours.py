"""Colour masks: read exactly, listed by check-data, and palettes that contradict each other."""

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from tf_ganaug.data import folder
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_findings import unfit
from tf_ganaug.data.survey_report import write_dataset_yaml
from tf_ganaug.errors import InputError

RED, GREEN, BLACK, WHITE = (255, 0, 0), (0, 128, 64), (0, 0, 0), (255, 255, 255)
DESCRIBED = "colours: {left: [255, 0, 0], right: [0, 128, 64]}\n"


def picture(number):
    return (np.arange(20 * 24).reshape(20, 24) * (number + 3) % 250).astype(np.uint8)


def ids(number):
    """(20, 24): 0, and rectangles of 1 and 2."""
    label = np.zeros((20, 24), np.uint8)
    label[2 + number : 9 + number, 3:9], label[5:15, 12 + number : 20] = 1, 2
    return label


def coloured(label, colours=(BLACK, RED, GREEN)):
    return np.array(colours, np.uint8)[label]


def save_masks(root, count=4, suffix="png", colours=(BLACK, RED, GREEN)):
    for name in ("images", "labels"):
        (root / name).mkdir(parents=True)
    for number in range(count):
        Image.fromarray(picture(number)).save(root / "images" / f"c{number}.png")
        mask = coloured(ids(number), colours)
        path = root / "labels" / f"c{number}.{suffix}"
        if suffix == "npy":
            np.save(path, mask)
        elif suffix == "tif":
            tifffile.imwrite(path, mask, photometric="rgb")
        else:
            Image.fromarray(mask).save(path)
    return root


def describe(root, text):
    (root / "dataset.yaml").write_text(text)
    return root


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "npy", "gif"])
def test_colours_are_classes_exactly(tmp_path, suffix):
    dataset = folder.read(describe(save_masks(tmp_path, suffix=suffix), DESCRIBED))
    assert dataset.spec.names == ("background", "left", "right") and dataset.spec.background == 0
    assert [c.colour for c in dataset.spec.classes] == [BLACK, RED, GREEN]
    for number, case in enumerate(dataset.cases):
        np.testing.assert_array_equal(case.read_label(), ids(number))
        np.testing.assert_array_equal(case.class_indices(dataset.spec), ids(number))


def test_several_colours_another_background_and_what_is_ignored(tmp_path):
    save_masks(tmp_path, colours=(WHITE, RED, BLACK))
    describe(tmp_path, "colours: {both: [[255, 0, 0], [0, 128, 64]], ignore: [0, 0, 0], background: [255, 255, 255]}\n")
    dataset = folder.read(tmp_path)
    assert (dataset.spec.names, dataset.spec.ids, dataset.spec.ignored) == (("background", "both"), (0, 1, 2), (2,))
    np.testing.assert_array_equal(dataset.cases[0].class_indices(dataset.spec), np.array([0, 1, IGNORE])[ids(0)])
    describe(tmp_path, "colours: {sky: [255, 255, 255], road: [255, 0, 0], void: [0, 0, 0]}\n")
    spec = folder.read(tmp_path).spec
    assert (spec.names, spec.ids, spec.background) == (("sky", "road", "void"), (1, 2, 3), None)


def test_alpha_and_palettes_of_masks(tmp_path):
    save_masks(tmp_path)
    describe(tmp_path, DESCRIBED)
    clear = np.dstack([coloured(ids(0)), np.where(ids(0) > 0, 255, 0).astype(np.uint8)])
    Image.fromarray(clear).save(tmp_path / "labels" / "c0.png")
    for number, order in ((1, [0, 1, 2]), (2, [2, 0, 1])):
        indices = Image.fromarray(np.argsort(order).astype(np.uint8)[ids(number)])
        indices.putpalette(np.array((BLACK, RED, GREEN), np.uint8)[order].tobytes())
        indices.save(tmp_path / "labels" / f"c{number}.png")
    for number, case in enumerate(folder.read(tmp_path).cases):
        np.testing.assert_array_equal(case.read_label(), ids(number))


def test_unknown_colours_are_named_with_counts_and_the_nearest_known(tmp_path):
    describe(save_masks(tmp_path), DESCRIBED)
    mask = coloured(ids(0))
    mask[0, :7], mask[1, :3] = (250, 3, 0), (1, 120, 70)
    Image.fromarray(mask).save(tmp_path / "labels" / "c0.png")
    with pytest.raises(InputError) as caught:
        folder.read(tmp_path).cases[0].read_label()
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'labels' / 'c0.png'}: expected the 3 colours of dataset.yaml, found ")
    assert "[250, 3, 0] in 7 pixels (nearest known: [255, 0, 0])" in message
    assert "[1, 120, 70] in 3 pixels (nearest known: [0, 128, 64])" in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("colours: {a: [255, 0, 0], b: [255, 0, 0]}", "'colours' of one class each, found (255, 0, 0) twice"),
        ("{colours: {a: [255, 0, 0]}, classes: {1: a}}", "expected 'colours' or 'classes', found both"),
        ("{colours: {a: [255, 0, 0]}, ignored: [7]}", "expected 'colours' or 'ignored', found both"),
        ("colours: {a: [256, 0, 0]}", "expected 'colours' as name: [red, green, blue]"),
        ("colours: {a: []}", "expected 'colours' as name: [red, green, blue]"),
        ("colours: {background: [0, 0, 0]}", "'colours' of a class beside the background"),
        ("limits: {pixels: none}", "expected 'limits' as {pixels: a number}"),
    ],
)
def test_wrong_descriptions(tmp_path, text, line):
    with pytest.raises(InputError) as caught:
        folder.read(describe(save_masks(tmp_path), text))
    assert line in str(caught.value)


def test_masks_without_a_description_are_listed_and_then_read(tmp_path):
    save_masks(tmp_path / "data")
    with pytest.raises(InputError, match=r"state 'colours' in dataset\.yaml, for which check-data lists them"):
        folder.read(tmp_path / "data")
    found = survey(tmp_path / "data")
    assert not found.unreadable and "labels are colour masks of 3 colours" in unfit(found)[0]
    write_dataset_yaml(found, tmp_path / "data" / "dataset.yaml")
    assert 'colour 1": [0, 128, 64]' in (tmp_path / "data" / "dataset.yaml").read_text()  # the more frequent one
    described = survey(tmp_path / "data")
    assert unfit(described) == [] and described.spec.names == ("background", "colour 1", "colour 2")
    case = folder.read(tmp_path / "data").cases[0]
    np.testing.assert_array_equal(case.read_label(), np.array([0, 2, 1])[ids(0)])
    write_dataset_yaml(described, tmp_path / "again.yaml")
    assert (
        survey(tmp_path / "data", dataset_yaml=tmp_path / "again.yaml").described.colours == described.described.colours
    )


def test_smoothed_masks_are_refused(tmp_path):
    save_masks(tmp_path)
    noise = np.random.default_rng(0).integers(0, 5, (20, 24, 3)).astype(np.uint8)
    Image.fromarray(coloured(ids(0)) // 2 + noise).save(tmp_path / "labels" / "c0.png")
    (line,) = (str(error) for error in survey(tmp_path).unreadable if "at most 64 colours" in str(error))
    assert "c0.png: expected labels of class ids, or of at most 64 colours" in line


def test_grey_stored_as_rgb_is_no_colour_mask(tmp_path):
    save_masks(tmp_path, colours=(BLACK, (1, 1, 1), (2, 2, 2)))
    found = survey(tmp_path)
    assert not found.coloured and unfit(found) == [] and found.spec.ids == (0, 1, 2)


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_stored_as_rgb_beside_other_labels_of_ids(tmp_path, bits):
    """Both commands take what `read_label` takes, whatever the labels beside it are."""
    save_masks(tmp_path, colours=(BLACK, (1, 1, 1), (2, 2, 2)))
    png.from_array(np.repeat(ids(0), 3, 1).tolist(), f"RGB;{bits}").save(tmp_path / "labels" / "c0.png")
    png.from_array(ids(1).tolist(), f"L;{bits}").save(tmp_path / "labels" / "c1.png")
    indices = Image.fromarray(ids(2))
    indices.putpalette(np.array((BLACK, RED, GREEN), np.uint8).tobytes())
    indices.save(tmp_path / "labels" / "c2.png")
    found = survey(tmp_path)
    assert not found.coloured and not found.unreadable and unfit(found) == []
    assert found.spec == folder.read(tmp_path).spec and found.spec.ids == (0, 1, 2)


def test_a_label_that_is_left_out_has_no_say(tmp_path):
    """Neither a mask in colours beside ids, nor another palette."""
    save_masks(tmp_path, colours=(BLACK, (1, 1, 1), (2, 2, 2)))
    describe(tmp_path, "leave_out: [c0]\n")
    for colours in ((BLACK, RED, GREEN), None):
        mask = Image.fromarray(coloured(ids(0), colours) if colours else ids(0))
        if not colours:
            mask.putpalette(np.array((RED, BLACK, GREEN), np.uint8).tobytes())
        mask.save(tmp_path / "labels" / "c0.png")
        assert folder.read(tmp_path).spec == survey(tmp_path).spec
        assert unfit(survey(tmp_path)) == []
    for number in range(1, 4):
        mask = Image.fromarray(ids(number))
        mask.putpalette(np.array((BLACK, RED, GREEN), np.uint8).tobytes())
        mask.save(tmp_path / "labels" / f"c{number}.png")
    assert folder.read(tmp_path).notes == () and not survey(tmp_path).unreadable


def test_colours_of_npy_masks_are_listed_and_volumes_have_none(tmp_path):
    save_masks(tmp_path, suffix="npy")
    assert "labels are colour masks of 3 colours" in unfit(survey(tmp_path))[0]
    for path in tmp_path.glob("*/*"):
        path.unlink()
    for number in range(4):
        np.save(tmp_path / "images" / f"c{number}.npy", np.dstack([picture(number)] * 3))
        np.save(tmp_path / "labels" / f"c{number}.npy", coloured(ids(number)))
    assert not survey(describe(tmp_path, "slice_axis: 2\n")).coloured
    with pytest.raises(InputError, match="expected no 'colours' beside volumes, whose labels hold ids, found c0"):
        folder.read(describe(tmp_path, "slice_axis: 2\n" + DESCRIBED))


# Palettes


def test_a_palette_of_tiff_in_8_bits(tmp_path):
    """Colours up to 255 where 65535 is meant, as some programs write them."""
    save_masks(tmp_path)
    table = np.zeros((3, 256), np.uint16)
    table[:, :3] = np.array((BLACK, RED, GREEN)).T
    for number in range(4):
        (tmp_path / "labels" / f"c{number}.png").unlink()
        path = tmp_path / "labels" / f"c{number}.tif"
        tifffile.imwrite(path, ids(number), photometric="palette", colormap=table)
    for number, case in enumerate(folder.read(describe(tmp_path, DESCRIBED)).cases):
        np.testing.assert_array_equal(case.read_label(), ids(number))


def save_palettes(root, palettes, suffix="png"):
    save_masks(root)
    for number, palette in enumerate(palettes):
        (root / "labels" / f"c{number}.png").unlink()
        label = Image.fromarray(ids(number))
        if palette is not None:
            label.putpalette(np.array(palette, np.uint8).tobytes())
        label.save(root / "labels" / f"c{number}.{suffix}")
    return root


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_palettes_that_differ_are_refused(tmp_path, suffix):
    ordered, other = [BLACK, RED, GREEN], [RED, BLACK, GREEN]
    save_palettes(tmp_path, [ordered, ordered, other, ordered], suffix)
    expected = (
        f"c2.{suffix}: expected index 0 as [0, 0, 0] as in c0.{suffix}, found [255, 0, 0]; store all labels with one"
    )
    with pytest.raises(InputError) as caught:
        folder.read(tmp_path)
    assert expected in str(caught.value)
    (line,) = map(str, survey(tmp_path).unreadable)
    assert expected in line


def test_palettes_may_differ_where_no_pixel_is(tmp_path):
    long, spare = [BLACK, RED, GREEN, WHITE], [BLACK, RED, GREEN, (1, 2, 3)]
    save_palettes(tmp_path, [long, spare, [BLACK, RED, GREEN], None])
    dataset = folder.read(tmp_path)
    for number, case in enumerate(dataset.cases):
        np.testing.assert_array_equal(case.read_label(), ids(number))
    surveyed = survey(tmp_path)
    assert not surveyed.unreadable
    told = "labels with a palette (c0.png, c1.png, c2.png) beside grey ones (c3.png): indices and grey values"
    assert sum(note.startswith(told) for note in dataset.notes) == 1 == sum(n.startswith(told) for n in surveyed.notes)


def test_the_limit_of_a_description_reaches_its_cases(tmp_path):
    save_masks(tmp_path)
    with pytest.raises(InputError, match=r"expected at most 479 pixels, found 480 \(20 x 24\)"):
        folder.read(describe(tmp_path, DESCRIBED + "limits: {pixels: 479}\n"))
    case = folder.read(describe(tmp_path, DESCRIBED + "limits: {pixels: 480}\n")).cases[0]
    assert case.read_image().shape[:2] == case.read_label().shape == (20, 24)
    Image.fromarray(np.tile(picture(0), (2, 1))).save(tmp_path / "images" / "c0.png")
    with pytest.raises(InputError, match=r"expected at most 480 pixels"):
        case.read_image()
