"""Volumes to a folder of slices that the `folder` reader takes: PNG without loss, dataset.yaml, manifest.csv."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from tf_ganaug.data import brats
from tf_ganaug.data.brain import FOUR, SEVEN
from tf_ganaug.data.description import write_description
from tf_ganaug.data.pictures import write_png
from tf_ganaug.data.tissue import Classifier, add_tissue, find_classifier
from tf_ganaug.data.volumes import padded
from tf_ganaug.data.voxels import slice_spacing
from tf_ganaug.errors import InputError
from tf_ganaug.files import LOCK, claim_options, flush, locked, make_folder
from tf_ganaug.frames import read_frame, write_frame

#: Columns of manifest.csv, one row per slice.
COLUMNS = ("id", "subject", "grade", "slice", "tissue")

#: Tissues are classified on this modality whatever the images are: label maps do not depend on the choice.
TISSUE_MODALITY = "t1ce"


def prepare_brats(
    source: Path,
    out: Path,
    modality: str = "t1ce",
    lgg: bool = False,
    side: int = 256,
    tissue: bool = True,
    jobs: int = 1,
) -> int:
    """Writes every axial slice of BraTS 2018, padded with zeros (Foroozandeh and Eklund 2020, section 2.1).

    The work lies in OUT.unfinished until all volumes are done. A volume is done when the manifest has its
    slices; called again after an interruption, the others are made anew. A finished `out` stays as it is.

    Args:
        source: holds HGG/ and LGG/.
        out: new or empty folder: images/ID.png (16 bit grey), labels/ID.png (8 bit grey), dataset.yaml,
            manifest.csv, options.json.
        modality: one of `brats.MODALITIES`.
        lgg: whether the low-grade subjects are taken too.
        side: pixels to which slices are padded.
        tissue: whether white matter, grey matter and CSF are added to the tumour classes.
        jobs: volumes that are worked on at a time, each in a process of its own.

    Returns:
        The number of slices.

    Raises:
        InputError: for volumes that `brats.find` or its readers refuse, tissues without a classifier, an
            `out` with other content or made with other options.
    """
    classifier = find_classifier() if tissue else None
    options = {
        "data": "BraTS 2018",
        "modality": modality,
        "lgg": lgg,
        "side": side,
        "tissue": classifier.name if classifier else None,
    }
    modalities = dict.fromkeys((modality, TISSUE_MODALITY) if tissue else (modality,))
    subjects = brats.find(source, tuple(modalities), side, lgg)
    described = {"name": f"BraTS 2018 {modality}", "spacing": list(_common_spacing(subjects, modality))}
    out = out.resolve()
    if not _finished(out, options, subjects):
        unfinished = make_folder(out.with_name(f"{out.name}.unfinished"))
        with locked(unfinished):
            claim_options(unfinished, options)
            _write_volumes(unfinished, subjects, modality, side, classifier, jobs)
            spec, place = SEVEN if tissue else FOUR, unfinished / "dataset.yaml"
            write_description(place, spec, **described, subject=r"(.*)_\d+", keep_blank=True)
        (unfinished / LOCK).unlink(missing_ok=True)
        flush(unfinished)
        os.replace(unfinished, out)
    return sum(subject.grid.shape[brats.AXIAL] for subject in subjects)


def _common_spacing(subjects: Sequence[brats.Subject], modality: str) -> tuple[float, float]:
    spacing = slice_spacing(subjects[0].grid, brats.AXIAL)
    for subject in subjects[1:]:
        other = slice_spacing(subject.grid, brats.AXIAL)
        if not np.allclose(other, spacing, atol=1e-3):
            expected = f"pixels of {spacing[0]:g} x {spacing[1]:g} mm as in {subjects[0].name}"
            found = f"{other[0]:g} x {other[1]:g} mm"
            raise InputError(subject.images[modality], expected, found, "resample it, or leave the subject out")
    return spacing


def _finished(out: Path, options: dict, subjects: Sequence[brats.Subject]) -> bool:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    if not (out / "manifest.csv").is_file():
        raise InputError(out, "a new or empty folder", "something else there", "choose another folder")
    claim_options(out, options)
    asked = {subject.name for subject in subjects}
    differing = sorted(asked ^ {row["subject"] for row in _read_manifest(out)})
    if differing:
        found = f"{', '.join(differing[:5])} in one of the two only"
        raise InputError(out, f"the {len(asked)} subjects of the source", found, "choose another folder")
    return True


def _write_volumes(
    folder: Path, subjects: Sequence[brats.Subject], modality: str, side: int, classifier: Classifier | None, jobs: int
) -> None:
    rows = _resume(folder, {subject.name for subject in subjects})
    done = {row["subject"] for row in rows}
    # Fresh interpreters, as a fork of a process whose libraries have threads may hang; Ctrl-C ends them at once.
    context, on_interrupt = multiprocessing.get_context("spawn"), (signal.SIGINT, signal.SIG_DFL)
    with ProcessPoolExecutor(jobs, context, initializer=signal.signal, initargs=on_interrupt) as pool:
        try:
            futures = [
                pool.submit(_write_volume, folder, subject, modality, side, classifier)
                for subject in subjects
                if subject.name not in done
            ]
            for future in tqdm(as_completed(futures), "volumes", len(subjects), initial=len(done), disable=None):
                rows += future.result()
                _write_manifest(folder, rows)
        except BrokenProcessPool as error:
            raise InputError("--jobs", "processes that fit in memory", "one that was killed", "use fewer") from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _resume(folder: Path, subjects: set[str]) -> list[dict]:
    """The rows of volumes that are done and still asked for; the slices of others are removed."""
    rows = [row for row in _read_manifest(folder) if row["subject"] in subjects]
    kept = {row["id"] for row in rows}
    for part in ("images", "labels"):
        for path in make_folder(folder / part).iterdir():
            if path.stem not in kept:
                path.unlink()
    return rows


def _write_volume(
    folder: Path, subject: brats.Subject, modality: str, side: int, classifier: Classifier | None
) -> list[dict]:
    """Writes the pairs of one subject and returns their rows of the manifest."""
    tissue = classifier.classify(subject.images[TISSUE_MODALITY]) if classifier else None
    rows = []
    for index in range(subject.grid.shape[brats.AXIAL]):
        name = brats.slice_id(subject, index)
        image = brats.read_image_slice(subject.images[modality], index, side)
        label = brats.read_label_slice(subject.label, index, side)
        if classifier:
            label = add_tissue(label, padded(np.rot90(tissue[..., index]), side, name))
        write_png(folder / "images" / f"{name}.png", image)
        write_png(folder / "labels" / f"{name}.png", label)
        values = (name, subject.name, subject.grade, index, classifier.name if classifier else "")
        rows.append(dict(zip(COLUMNS, values)))
    return rows


def _read_manifest(folder: Path) -> list[dict]:
    path = folder / "manifest.csv"
    return read_frame(path).to_dict("records") if path.exists() else []


def _write_manifest(folder: Path, rows: list[dict]) -> None:
    write_frame(folder / "manifest.csv", pd.DataFrame(rows, columns=COLUMNS).sort_values("id"))
