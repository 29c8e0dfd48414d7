"""A generator's diagnosis on paper: sentences, tables and pictures, in its run folder and in reports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.grids import pair_grid
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.figures import BLUE, ORANGE, WIDTH, save_figure, sober
from tf_ganaug.experiment.report import Figure, Table, plain
from tf_ganaug.files import make_folder, write_text
from tf_ganaug.quality.diagnosis import COLLAPSED, MEMORISING, UNDERTRAINED, Diagnosis, Seen
from tf_ganaug.quality.label_statistics import TRAITS, LabelStatistics

#: Files of a diagnosis in a run folder: for programs, for people, and the pictures of labels and of pairs.
STORED, TEXT, LABELS, PAIRS = "diagnosis.json", "diagnosis.md", "diagnosis.png", "diagnosis-pairs.png"

#: Classes in the picture, those that most maps have.
SHOWN = 6

#: Measures as tables name them.
NAMES = {
    "precision": "precision: pairs among the real ones (k = 3)",
    "recall": "recall: real ones among the pairs (k = 3)",
    "density": "density (k = 5)",
    "coverage": "coverage (k = 5)",
    "sharpness": "sharpness (variance of the Laplacian, median)",
    "agreement": "Dice of the segmenter's answer and the label",
}


def sentence(diagnosis: Diagnosis) -> str:
    """The words and what they rest on."""
    values, told = diagnosis.values, []
    for word in diagnosis.words:
        if word == UNDERTRAINED:
            told.append(_unreal(diagnosis))
        elif word == COLLAPSED and diagnosis.same > 0.5:
            told.append(
                f"{100 * diagnosis.same:.0f} % of its pairs are nearer to another than 95 % of held-out pairs are"
            )
        elif word == COLLAPSED:
            told.append("it leaves out a part of what real images show")
        elif word == MEMORISING:
            told.append(
                f"{100 * diagnosis.copies:.1f} % of its images are copies of training images, of held-out ones "
            )
            told[-1] += f"{100 * diagnosis.copies_held:.1f} %"
        else:
            told.append("no measure lies outside the range of held-out images")
    coverage = values["coverage"]
    end = f"Its pairs cover {100 * coverage.generated:.0f} % of the validation images, as many held-out real ones "
    said = f"Diagnosis: {' and '.join(diagnosis.words)}. {_capital('; '.join(told))}. {end}{100 * coverage.held:.0f} %."
    return f"{said} {_look(diagnosis)}" if diagnosis.augmenting else said


def of_several(diagnoses: Sequence[Diagnosis | str]) -> str:
    """What generators of one kind are, in a sentence or two."""
    if len(diagnoses) == 1:
        return diagnoses[0] if isinstance(diagnoses[0], str) else sentence(diagnoses[0])
    known = [diagnosis for diagnosis in diagnoses if isinstance(diagnosis, Diagnosis)]
    if not known:
        return str(diagnoses[0])
    counts = Counter(word for diagnosis in known for word in diagnosis.words)
    told = ", ".join(f"{count} of {len(known)} {word}" for word, count in counts.items())
    made, real = (100 * np.mean([getattr(one.values["coverage"], of) for one in known]) for of in ("generated", "held"))
    end = f"On average their pairs cover {made:.0f} % of the validation images, as many held-out real ones {real:.0f} %"
    return f"Diagnosis: {told}. {end}."


def _unreal(diagnosis: Diagnosis) -> str:
    if diagnosis.unlike > 0.5:
        return f"{100 * diagnosis.unlike:.0f} % of its pairs are less like a real one than 95 % of held-out pairs are"
    apart = [name for name in ("precision", "density", "sharpness", "agreement") if name in diagnosis.values]
    apart = [name for name in apart if diagnosis.values[name].apart]
    return f"its pairs fall short of held-out ones in {', '.join(apart)}"


def _look(diagnosis: Diagnosis) -> str:
    shares = f"{100 * diagnosis.augmented:.0f} %", f"{100 * diagnosis.augmented_held:.0f} %"
    has = "an empty patch, or a brightness or contrast, that no training image has"
    return f"{shares[0]} of its images have {has}, of held-out ones {shares[1]}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def label_lines(diagnosis: Diagnosis) -> list[str]:
    """Which classes' labels differ from real ones, in a sentence; none where none does."""
    apart = diagnosis.labels[diagnosis.labels.apart]
    if apart.empty:
        return []
    told = [f"{row['class']}: {TRAITS[row.trait].split(',')[0]}" for _, row in apart.iterrows()]
    more = f" and {len(told) - 6} more" if len(told) > 6 else ""
    return [f"Labels differ from real ones in {'; '.join(told[:6])}{more}."]


def parts(diagnosis: Diagnosis, folder: Path) -> Iterator[str | Table | Figure]:
    """What a report says of a generator whose diagnosis is in a folder."""
    yield sentence(diagnosis)
    yield from label_lines(diagnosis)
    made, reference, held = diagnosis.pairs
    text = (
        f"{made} generated pairs and {held} held-out real ones, both compared with {reference} validation images by "
        f"{diagnosis.network}, equally many at a time. The range is where chance leaves other held-out "
        "subjects, * lies outside; docs/diagnosis.md explains the measures and the words."
    )
    yield Table(measures(diagnosis), text)
    yield Figure(
        folder / PAIRS,
        "Generated pairs: above those most like a real one, below those least like one; identical ones once.",
    )
    yield Figure(folder / LABELS, "Labels: where classes lie (bright: in many maps) and how large they are.")
    yield Table(_labels(diagnosis), "Labels of generated pairs and of held-out real ones.")


def measures(diagnosis: Diagnosis) -> pd.DataFrame:
    """A row for each measure: generated, held-out, its range."""
    rows = [(NAMES[name], *_shown(value)) for name, value in diagnosis.values.items()]
    rows.append(
        ("copies of training images", f"{100 * diagnosis.copies:.1f} %", f"{100 * diagnosis.copies_held:.1f} %", "")
    )
    look = "empty patch, brightness or contrast of no training image"
    rows.append((look, f"{100 * diagnosis.augmented:.1f} %", f"{100 * diagnosis.augmented_held:.1f} %", ""))
    if diagnosis.swd is not None:
        rows.append(("sliced Wasserstein distance x 1000 (0: alike)", *(f"{d:.1f}" for d in diagnosis.swd), ""))
    return pd.DataFrame(rows, columns=["measure", "generated", "held-out real", "range"])


def _shown(value) -> tuple[str, str, str]:
    end = "" if np.isinf(value.high) else f" to {value.high:.3g}"
    reached = f"{value.low:.3g}{end or ' or more'}"
    return f"{value.generated:.3g}" + " *" * value.apart, f"{value.held:.3g}", reached


def _labels(diagnosis: Diagnosis) -> pd.DataFrame:
    table = diagnosis.labels
    ranges = [f"{low:.3g} to {high:.3g}" if low == low else "" for low, high in zip(table.low, table.high)]
    columns = {"class": table["class"], "of the labels": table.trait.map(TRAITS)}
    numbers = {"generated": table.generated, "held-out real": table.held}
    shown = {name: [f"{x:.3g}" if x == x else "" for x in column] for name, column in numbers.items()}
    shown["generated"] = [x + " *" * apart for x, apart in zip(shown["generated"], table.apart)]
    return pd.DataFrame({**columns, **shown, "range": ranges})


def _draw_pairs(seen: Seen, path: Path) -> None:
    """Writes the pairs most like a real one, and below them those least like one."""
    images, labels = (np.concatenate(both) for both in zip(*map(_shown_pairs, (seen.best, seen.worst))))
    pair_grid(images, labels, seen.spec, path)


def _shown_pairs(part: Part) -> tuple[np.ndarray, np.ndarray]:
    images, labels = Pairs([part]).take(np.arange(len(part.rows)))
    return images.numpy(), labels.numpy()


def _draw_labels(generated: LabelStatistics, held: LabelStatistics, spec: LabelSpec, path: Path) -> None:
    """Writes, for each of the commonest classes, where it lies in real and generated maps, and its sizes."""
    shown = np.argsort(-(held.sizes > 0).mean(0), kind="stable")[:SHOWN]
    cell = 1.5
    figure = Canvas(figsize=(WIDTH, cell * len(shown) + 0.6), layout="constrained")
    axes = figure.subplots(len(shown), 3, squeeze=False, width_ratios=[1, 1, 3])
    for row, number in zip(axes, shown):
        top = max(held.places[number].max(), generated.places[number].max(), 1e-6)
        for axis, statistics in zip(row, (held, generated)):
            axis.imshow(statistics.places[number], vmin=0, vmax=top, cmap="magma")
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(spec.names[spec.measured[number]][:18], fontsize=9)
        _sizes(row[2], held.sizes[:, number], generated.sizes[:, number])
    for axis, title in zip(axes[0], ("held-out real", "generated", "share of a map (%), of maps that have it")):
        axis.set_title(title, fontsize=9, loc="left")
    colours = {"held-out real": BLUE, "generated": ORANGE}
    save_figure(figure, path, [Line2D([], [], color=colour, label=name) for name, colour in colours.items()])


def _sizes(axis, real: np.ndarray, made: np.ndarray) -> None:
    """Both distributions of sizes, on a scale that shows small ones."""
    both = 100 * np.concatenate([real[real > 0], made[made > 0]])
    if len(both):
        edges = np.geomspace(max(both.min(), 1e-3), max(both.max(), 2e-3) * 1.001, 25)
        for sizes, colour in ((real, BLUE), (made, ORANGE)):
            found = 100 * sizes[sizes > 0]
            axis.hist(found, edges, weights=np.full(len(found), 1 / max(len(sizes), 1)), histtype="step", color=colour)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
    sober(axis, "y")


def write(folder: Path, diagnosis: Diagnosis, seen: Seen) -> None:
    """Writes the diagnosis into a folder, for programs and for people, and its pictures."""
    make_folder(folder)
    _draw_labels(seen.generated, seen.held, seen.spec, folder / LABELS)
    _draw_pairs(seen, folder / PAIRS)
    blocks = ["# Diagnosis", *map(plain, (sentence(diagnosis), *label_lines(diagnosis)))]
    blocks += [table_text(diagnosis), f"![Pairs]({PAIRS})", f"![Labels]({LABELS})"]
    write_text(folder / TEXT, "\n\n".join(blocks) + "\n")
    write_text(folder / STORED, json.dumps(diagnosis.to_json(), indent=1))


def table_text(diagnosis: Diagnosis) -> str:
    """`measures` in Markdown."""
    table = measures(diagnosis)
    rows = [list(table), ["---"] * table.shape[1], *table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def read(folder: Path) -> Diagnosis | None:
    """The diagnosis of a folder; None where there is none.

    Raises:
        InputError: for a damaged one.
    """
    path = folder / STORED
    if not path.exists():
        return None
    try:
        return Diagnosis.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "remove the file; the same command makes it again"
        raise InputError(path, "a diagnosis", str(error)[:100], remedy) from error


def read_with_pictures(folder: Path) -> Diagnosis | None:
    """As `read`, and None where a picture is missing: a report makes the diagnosis again."""
    return read(folder) if (folder / LABELS).exists() and (folder / PAIRS).exists() else None
