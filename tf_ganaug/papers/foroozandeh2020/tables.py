"""Table 1 of Foroozandeh and Eklund 2020, theirs beside ours, and the numbers of their GANs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from tf_ganaug.data import brain
from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.statistics import interval_note, paired_pooled_difference, pooled, with_interval
from tf_ganaug.papers.foroozandeh2020.study import ChainStudy
from tf_ganaug.papers.foroozandeh2020.tasks import SliceTask

#: Training slices of the paper's full and reduced set.
FULL, REDUCED = 26_040, 5_208

VIEWS = ("7", "4", "2")


@dataclass(frozen=True)
class Row:
    """A row of Table 1.

    Attributes:
        chain: whose slices.
        real: the paper's number of real training slices.
        synthetic: likewise.
        printed: Dice error in percent for 7, 4 and 2 classes; None where the paper has no such row.
    """

    chain: str
    real: int
    synthetic: int
    printed: tuple[float, float, float] | None

    @property
    def name(self) -> str:
        """As printed, with the chain."""
        return f"{self.chain}: {self.real:,} real, {self.synthetic:,} synthetic"


TABLE_1 = (
    Row("full", FULL, 0, (10.94, 6.62, 2.49)),
    Row("full", FULL, 8_960, (10.92, 6.65, 2.48)),
    Row("full", FULL, 23_960, (10.90, 6.42, 2.53)),
    Row("full", 0, FULL, (42.76, 39.11, 24.14)),
    Row("reduced", REDUCED, 0, (16.80, 12.90, 6.16)),
    Row("reduced", REDUCED, 4_792, (16.44, 12.51, 6.14)),
    Row("reduced", REDUCED, 20_832, (16.18, 12.11, 5.80)),
)

#: The default's rows: real, both, and, which the paper has for the full chain only, synthetic alone.
SHORT = (TABLE_1[4], TABLE_1[6], Row("reduced", 0, 26_040, None))

#: The paper's GANs: lowest SWD, at million images, share screened out and of empty maps in percent.
GANS = {"full": (3.2130, 7.2401, 0.597, 15.66), "reduced": (3.5915, 7.3601, 1.882, 15.44)}


def split_warning() -> Section:
    """What splitting by slices means for the numbers."""
    return Section(
        "Split by slices: training and test share subjects",
        [
            "All slices were shuffled before they were parted, as in the paper (2.1), which does so although "
            "neighbouring slices of one person then lie on both sides. The numbers below are those of slices of known "
            "people and say little of new ones; intervals are over people all the same. --set split=subjects keeps "
            "every person on one side."
        ],
    )


def table_section(study: ChainStudy, view: str, by_row: Mapping[Row, list[SliceTask]]) -> Section:
    """One column of Table 1, with plain Dice beside it."""
    frames = {
        row: pd.concat([study.measures(task) for task in group], ignore_index=True) for row, group in by_row.items()
    }
    records = [_record(study, view, row, group, frames) for row, group in by_row.items()]
    counts = "real and synthetic" if study.settings.statistics == "all" else "real"
    epochs = (
        "All rows have the same epochs, as in the paper, so that more slices take more steps, which may be what helps."
    )
    steps = "All rows have the same steps, so that more slices are seen less often each."
    return Section(
        f"Table 1, {view} classes",
        [
            Table(
                pd.DataFrame(records),
                "Dice error: the weighted Dice loss over the test slices times 100, its class weights and the "
                f"normalisation from the row's {counts} training slices, so that rows with other data are not measured "
                "alike. Plain Dice, of pixels of all test slices, has no weights. "
                f"{steps if study.settings.equal_steps else epochs} Synthetic slices are as many as the paper's share "
                "of real ones. " + interval_note(study.settings.repeats),
            ),
            *(
                f"{row.name}: the validation loss reached a new minimum {study.segmenter(group[0])['improvements']} "
                "times; the paper saw 1, 5 and 4 for 7, 4 and 2 classes."
                for row, group in by_row.items()
                if not row.real
            ),
        ],
    )


def _record(
    study: ChainStudy, view: str, row: Row, group: list[SliceTask], frames: Mapping[Row, pd.DataFrame]
) -> dict[str, str]:
    """A row of Table 1 of the trainings of `group`, of which `frames` has every measure, by row."""
    losses = pd.Series([100 * study.segmenter(task)["test_loss"] for task in group])
    spread = f" ± {losses.std():.2f}" if len(losses) > 1 else ""
    task = group[0]
    record = {
        "Slices": f"{row.chain}: {task.real:,} real, {task.synthetic:,} synthetic",
        "Steps": f"{study.segmenter(task)['iterations']:,}",
        "Dice error": f"{losses.mean():.2f}{spread} %",
        "Paper: slices": f"{row.real:,} / {row.synthetic:,}" if row.printed else "not in the paper",
    }
    if study.views[view] in (brain.SEVEN, brain.FOUR, brain.TWO):
        record["Paper: Dice error"] = f"{row.printed[VIEWS.index(view)]:.2f} %" if row.printed else ""
    dice = pooled(frames[row], "dice")
    record.update({f"Dice {name}": f"{100 * value:.2f} %" for name, value in dice.items()})
    record["Mean Dice over real only [95 %]"] = _difference(frames, row, list(dice.index))
    return record


def _difference(frames: Mapping[Row, pd.DataFrame], row: Row, classes: list[str]) -> str:
    baseline = next((other for other in frames if other.chain == row.chain and not other.synthetic), None)
    if baseline is None or row == baseline:
        return ""
    return with_interval(paired_pooled_difference(frames[row], frames[baseline], "dice", classes), 100)


def gan_section(study: ChainStudy, used: Sequence[str]) -> Section:
    """The numbers of section 4.1 and 4.2, ours beside the paper's."""
    records = []
    for chain in used:
        gan, screened = (study.makers[chain].result(kind) for kind in ("pggan", "maps"))
        swd, images, removed, empty = GANS[chain]
        share = 100 * gan["empty"] / (gan["empty"] + gan["maps"])
        records.append(
            {
                "Chain": chain,
                "Lowest SWD": f"{gan['swd']:.4f}",
                "Paper: SWD": f"{swd:.4f}",
                "At images": f"{gan['best_images']:,} of {gan['images']:,}",
                "Paper: at": f"{images:.2f} M of 12.00 M",
                "Screened out": f"{100 * screened['removed_share']:.3f} % (real {100 * screened['real_share']:.3f} %)",
                "Paper: out": f"{removed:.3f} %",
                "Threshold": f"{screened['threshold']:.0f}",
                "Empty maps": f"{share:.2f} %",
                "Paper: empty": f"{empty:.2f} %",
            }
        )
    images = study.settings.pggan.swd_images
    return Section(
        "Label maps: distance, screen, empty maps",
        [
            Table(
                pd.DataFrame(records),
                f"Sliced Wasserstein distance times 1000, average over levels, {images:,} maps; the paper's has 16,384 "
                "at 256 x 256. The threshold is on the norm of a map's z-scores; the paper's is 500.",
            )
        ],
    )
