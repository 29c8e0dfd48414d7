"""Look through a folder of images and labels before anything is trained on it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors

#: Unreadable files that are named.
_NAMED = 20


@click.command(
    "check-data",
    short_help="Look through your images and labels before training.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("data", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--reader", type=click.Choice(["folder", "dicom"]), default="folder", help="dicom: a folder per series.")
@click.option("--dataset-yaml", type=click.Path(path_type=Path), help="Describes DIR instead of DIR/dataset.yaml.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the results.  [default: check-NAME]")
@click.option("--digests", type=click.Path(path_type=Path), help="Write SHA-256 of all files there, or compare.")
@input_errors
def check_data(data: Path, reader: str, dataset_yaml: Path | None, out: Path | None, digests: Path | None) -> None:
    """Look through DIR, your images and labels, before anything is trained on them.

    Every case is read once, and those of the picture again. DIR is never written to.

    \b
    DIR holds one of
      images/X.png   labels/X.png         (or image, imagesTr; label, mask, masks, labelsTr)
      X.png          X_mask.png           (or _seg, _segmentation, _label, _gt)
      imagesTr/X_0000.nii.gz  labelsTr/X.nii.gz  dataset.json      as for nnU-Net
      images/S/X.png  labels/S/X.png      (a folder per subject; S/X.png with S/X_mask.png too)
      SUBJECT/FLAIR.nii.gz    SUBJECT/mask.nii.gz                  guessed, or 'files' in a dataset.yaml
      images/X/*.dcm labels/X.dcm         (or X.nii.gz), with --reader dicom
    in PNG, TIFF, BMP, GIF, npy or NIfTI, images also in JPEG; volumes are taken slice by slice.

    \b
    Printed, and written into the folder --out:
      summary.txt    subjects, sizes, types, spacing, intensities, classes, suspicious cases, verdict
      cases.csv      all facts of each case, a line each
      overlays.png   eight cases with their labels, the suspicious ones first
      dataset.yaml   to edit: names of classes, subjects, cases to leave out; one that is there is kept
    Suspicious are identical images, labels that seem shifted or mirrored against the edges of their image,
    constant and clipped images, labels that are empty or fill the image, and sizes and intensities far from
    the rest. They are hints: look at them. What many cases have is told as a trait of the data.

    \b
    Exit status
      0  fit for training; suspicious cases do not change that
      1  readable, but nothing can be trained on it: fewer than three subjects, no class but the background,
         a named class that no label has, label values that are no class, constant images that are not left
         out, images of different numbers of channels, colour masks whose colours are not named, images of
         equal pixels of different subjects, pairs of a generator
      2  unreadable: another layout, files without partners, damaged files (up to 20 are named)

    \b
    Examples
      tf-ganaug check-data my_data
      tf-ganaug check-data my_data --dataset-yaml check-my_data/dataset.yaml --out check-again
      tf-ganaug check-data scans --reader dicom
      tf-ganaug check-data my_data --digests my_data.sha256     (again: have the files changed since?)
    """
    from tf_ganaug.data.digests import compare_digests, write_digests
    from tf_ganaug.data.survey import survey
    from tf_ganaug.data.survey_findings import findings, unfit
    from tf_ganaug.data.survey_overlays import write_overlays
    from tf_ganaug.data.survey_report import summary, write_cases, write_dataset_yaml
    from tf_ganaug.files import make_folder, write_text

    out = out or Path(f"check-{data.resolve().name}")
    _require_outside(data, out, "--out", "folder")
    if digests is not None and digests.exists():
        compare_digests(data, digests)
    elif digests is not None:
        _require_outside(data, digests, "--digests", "file")
    surveyed = survey(data, reader, dataset_yaml)
    if surveyed.unreadable:
        for error in surveyed.unreadable[:_NAMED]:
            click.echo(error, err=True)
        if len(surveyed.unreadable) > _NAMED:
            click.echo(f"+{len(surveyed.unreadable) - _NAMED} more", err=True)
        sys.exit(2)
    if digests is not None and not digests.exists():
        write_digests(data, digests)
    make_folder(out)
    found = findings(surveyed)
    text = summary(surveyed, found)
    click.echo(text)
    write_text(out / "summary.txt", text)
    write_cases(surveyed, found, out / "cases.csv")
    write_overlays(surveyed, found, out / "overlays.png")
    description = out / "dataset.yaml"
    kept = description.exists()
    if not kept:
        write_dataset_yaml(surveyed, description)
    click.echo(f"written: {out}/summary.txt, cases.csv, overlays.png, dataset.yaml{' (yours, kept)' if kept else ''}")
    sys.exit(1 if unfit(surveyed) else 0)


def _require_outside(data: Path, place: Path, option: str, kind: str) -> None:
    """Refuses a place in the folder of the data, or that folder itself."""
    from tf_ganaug.errors import InputError

    if data.resolve() in (place.resolve(), *place.resolve().parents):
        raise InputError(option, f"a {kind} outside {data}", str(place), "name another, or start elsewhere")
