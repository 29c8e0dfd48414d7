"""Which trainings make the tables, DSC by hand, and settings that cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.papers.bowles2018 import CSF, WMH, csf, tables
from tf_ganaug.papers.bowles2018.networks import NETWORKS
from tf_ganaug.papers.bowles2018.printed import TABLE_1, TABLE_2, TABLE_3
from tf_ganaug.papers.bowles2018.settings import Settings
from tf_ganaug.papers.bowles2018.study import PatchStudy

SETTINGS = load_settings(Settings, configs_folder(), "bowles2018", "paper", [])
SETTINGS_WMH = load_settings(Settings, configs_folder(), "bowles2018-wmh", "paper", [])


def test_the_paper_profiles_are_its_table_1():
    found = csf.experiments(SETTINGS, CSF)
    order = ("table2", "table3", "figure2", "figure2 left")
    assert [found[name] for name in order] == [replace(row, available=tuple(row.available)) for row in TABLE_1[:4]]
    assert csf.experiments(SETTINGS_WMH, WMH) == {"table4": TABLE_1[4]}


def test_trainings_are_counted_once():
    cells, others = (csf.wanted(*what) for what in ((SETTINGS, CSF), (SETTINGS_WMH, WMH)))
    names = [task.name for group in [*cells.values(), *others.values()] for task in group]
    assert len(names) == len(set(names)) == 376 + 126
    # Ten with rotation, three without for Table 3, three on MR.
    gans = [fraction.name for fraction in csf.fractions(SETTINGS, CSF)]
    assert len(gans) == len(set(gans)) == 13 and sum(name.startswith("un") for name in gans) == 3
    assert len(csf.fractions(SETTINGS_WMH, WMH)) == 3
    redrawn = csf.fractions(replace(SETTINGS_WMH, redraw=True), ["table4"])
    assert len(redrawn) == 3 * 14


def test_dice_is_that_of_whole_subjects():
    records = [
        ("a", 0, "x", 10, 10, 5),
        ("a", 1, "x", 30, 10, 10),
        ("b", 0, "x", 0, 0, 0),
        ("b", 1, "x", 4, 0, 0),
        ("a", 0, "y", 0, 0, 0),
        ("a", 1, "y", 0, 0, 0),
        ("b", 0, "y", 8, 8, 8),
        ("b", 1, "y", 0, 0, 0),
    ]
    columns = ["subject", "case", "class", "pixels_true", "pixels_found", "pixels_both"]
    found = tables.dice(pd.DataFrame(records, columns=columns))
    # Subject a: 2 x 15 of 60; b finds none of 4. Of y, a has none, which does not count.
    assert found.to_dict() == {"x": 25.0, "y": 100.0}


def counted(network, available, rotation, added, values) -> list[dict]:
    """Pixels whose Dice in percent are (subjects, repeats) values."""
    cell = {"network": network, "data": "CT", "available": available, "rotation": rotation, "added": added}
    return [
        {
            **cell,
            "repeat": repeat,
            "subject": f"s{subject}",
            "class": "CSF",
            "pixels_true": 10000,
            "pixels_found": 10000,
            "pixels_both": round(100 * value),
        }
        for (subject, repeat), value in np.ndenumerate(np.asarray(values, float))
    ]


def test_table_beside_the_printed_one():
    base = np.array([[70, 71, 72], [80, 81, 82], [90, 91, 92]])
    more = base + np.array([[3, 3, 4], [4, 4, 5], [5, 5, 6]])
    found = pd.DataFrame(counted("UNet", 50, True, 0.0, base) + counted("UNet", 50, True, 50.0, more))
    section = tables.table("Table 2", found, tables.amounts, TABLE_2, False)
    shown, careful = (part.frame for part in section.parts)
    assert shown.to_dict("list") == {
        "Additional data": ["0%", "0%, paper", "50%", "50%, paper"],
        "UNet, 50 %": ["81.00 (1.00)", "86.0 (0.50)", "85.33 (1.53) *", "87.3 (0.46) *"],
    }
    expected = Mean.of(more - base)
    assert careful["Difference [95 %]"].tolist() == [f"+4.33 [{expected.low:+.2f}, {expected.high:+.2f}]"]
    assert careful["p, crossed"].tolist() == careful["p, Holm"].tolist() == [f"{expected.p:.3g}"]
    assert "of these generators only" in section.parts[1].caption
    own = tables.table("Table 2", found, tables.amounts, TABLE_2, True)
    assert "own generator" in own.parts[1].caption


def test_rows_of_table_3():
    ones = [[1], [2], [3]]
    records = [
        one for rotation in (False, True) for added in (0, 100) for one in counted("UNet", 10, rotation, added, ones)
    ]
    found = pd.DataFrame(records)
    assert list(dict.fromkeys(tables.augmentations(found))) == list(TABLE_3.rows)
    section = tables.table("Table 3", found, tables.augmentations, TABLE_3, False, "Augmentation")
    assert section.parts[0].frame["UNet, 10 %"].tolist()[1::2] == [
        "75.1 (0.60)",
        "76.3 (1.77)",
        "76.9 (0.58) *",
        "78.4 (0.99) *",
    ]
    same = "+0.00 [+0.00, +0.00; of these two networks only]"
    assert section.parts[1].frame["Difference [95 %]"].tolist() == [same] * 3
    alone = tables.of_the_gan(found).frame
    assert alone[["Rotation", "Additional data (%)"]].to_numpy().tolist() == [[False, 100], [True, 100]]


def test_slices_smaller_than_patches_are_told():
    small = replace(SETTINGS, data=replace(SETTINGS.data, size=[100, 200]))
    study = PatchStudy(Path("nowhere"), SimpleNamespace(spec=None), small)
    experiments = list(csf.experiments(SETTINGS, ["table2"]).values())
    text = " ".join(map(str, tables.experiments_section(study, experiments, {}, 0).parts))
    assert "100 x 200 pixels are smaller and padded" in text


def test_epochs_over_the_real_patches_stand_in_a_table():
    study = PatchStudy(Path("nowhere"), SimpleNamespace(spec=None), SETTINGS)
    table = tables.epochs(study, list(csf.experiments(SETTINGS, ["table2"]).values()))
    # 50,000 iterations of 16 and of 32 patches over 80,000 real ones and none, half and as many synthetic ones.
    assert table.frame.to_numpy().tolist() == [
        ["UNet", "10.00", "6.67", "5.00"],
        ["UResNet", "20.00", "13.33", "10.00"],
    ]
    shown = tables.experiments_section(study, list(csf.experiments(SETTINGS, ["table2"]).values()), {}, 0).parts
    assert any(getattr(part, "caption", None) == table.caption for part in shown)


@pytest.mark.parametrize("config", ["bowles2018", "bowles2018-wmh"])
def test_by_default_each_real_patch_is_seen_as_often_with_synthetic_ones_as_without(config):
    settings = load_settings(Settings, configs_folder(), config, "quick", [])
    study, amounts = PatchStudy(Path("nowhere"), SimpleNamespace(spec=None), settings), {*settings.added, 50}
    # Those that the profile has numbers for: of DeepMedic the CT's has none of its own.
    networks = NETWORKS if config == "bowles2018-wmh" else ("UNet", "UResNet")
    for network in networks:
        epochs = {added: study.epochs(network, added) for added in amounts}
        assert min(epochs.values()) >= 5 and max(epochs.values()) < min(epochs.values()) + 0.02, epochs
    assert study.iterations("UNet", 50) == settings.unet.iterations * 1.5
    shown = tables.epochs(study, list(csf.experiments(settings, ["table2"]).values())).caption
    assert "seen as often" in shown


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("bowles2018", ("10 GANs (13 here, as", "376 segmenters", "89.3 / 86.9 / 78.4 %")),
        ("bowles2018-wmh", ("3 GANs and 126 segmenters", "64.8 / 62.8 / 55.7 %")),
    ],
)
def test_the_configs_heads_count_what_is_trained(config, told):
    settings, parts = (SETTINGS, CSF) if config == "bowles2018" else (SETTINGS_WMH, WMH)
    counted = sum(map(len, csf.wanted(settings, parts).values())), len(csf.fractions(settings, parts))
    assert counted == ((376, 13) if config == "bowles2018" else (126, 3))
    head = (configs_folder() / f"{config}.yaml").read_text(encoding="utf-8")
    assert all(text in head for text in told)


@pytest.mark.parametrize(
    ("group", "changes", "says"),
    [
        (None, {"available": [100, 0]}, "leave images"),
        (None, {"sweep_available": [101]}, "sweep_available"),
        (None, {"added": [50, 100]}, "the baseline"),
        (None, {"networks": ["VNet"]}, "DeepMedic"),
        (None, {"fraction_unit": "pixel"}, "subject or slice"),
        ("patches", {"size": 100}, "powers of two"),
        ("patches", {"size": 16}, "at least 32"),
        ("patches", {"rotation": 200}, "180"),
        ("patches", {"on_classes": 1.5}, "a share from 0 to 1"),
        ("gan", {"label_channels": "none"}, "one_per_class"),
        ("gan", {"minibatch": [8, 8]}, "6 levels"),
        ("data", {"parts": [0.5, 0.5]}, "three shares"),
        ("data", {"window": [40]}, "level, width"),
    ],
)
def test_settings_that_cannot_be(group, changes, says):
    made = {group: replace(getattr(SETTINGS, group), **changes)} if group else changes
    with pytest.raises(InputError, match=says):
        csf.check(replace(SETTINGS, **made))
    csf.check(SETTINGS)


def test_table_3_needs_a_rotation():
    settings = replace(SETTINGS, patches=replace(SETTINGS.patches, rotation=0))
    with pytest.raises(InputError, match=r"patches\.rotation: expected above 0 for Table 3"):
        csf.experiments(settings, ["table3"])
    np.testing.assert_equal(csf.experiments(settings, ["table2"])["table2"].rotation, (False,))
