"""Bowles et al. 2018, white matter hyperintensities on FLAIR: Tables 1 and 4, Figures 1 and 3."""

from __future__ import annotations

from tf_ganaug.data import wmh
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import head_flair
from tf_ganaug.experiment.sources import Request, open_dataset, read_target
from tf_ganaug.papers.bowles2018.csf import Settings, check, conduct, in_bytes, stages, study, trainings

__all__ = ["Settings", "check", "conduct", "open_data", "stages", "study", "trainings"]


def open_data(request: Request, settings: Settings) -> Dataset:
    """FLAIR slices with lesions, or any data with one class to segment; the subject is the patient."""
    d = settings.data
    dataset = open_dataset(
        request,
        lambda: head_flair.read(d.subjects, d.slices, d.native_size, settings.seed),
        {"folder": lambda root: read_target(root, request), "wmh": wmh.read},
    )
    return in_bytes(dataset, settings)
