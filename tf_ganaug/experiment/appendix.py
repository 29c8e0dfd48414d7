"""What every report says of its study: its data, its settings, what it ran on."""

from __future__ import annotations

import platform
import shlex
import sys
from dataclasses import asdict

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug import __version__
from tf_ganaug.data.cases import Dataset
from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.study import Study
from tf_ganaug.files import without_folders


def data_line(dataset: Dataset) -> str:
    """What the data are, in a sentence; of drawn ones that they are."""
    kind = "SYNTHETIC data, drawn by code: no result here speaks of real images. " if dataset.synthetic else ""
    subjects = len({case.subject for case in dataset.cases})
    classes = ", ".join(dataset.spec.names[i] for i in dataset.spec.measured)
    return f"{kind}Data: {dataset.name}, {len(dataset.cases)} images of {subjects} subjects, measured: {classes}."


def command_line() -> str:
    """How this process was called, without the folders of absolute paths."""
    return shlex.join(["python", *map(without_folders, sys.argv)])


def appendix(study: Study) -> list[Section]:
    """Every setting, and what it ran on."""
    flat = pd.json_normalize(asdict(study.settings)).T.reset_index()
    # By Python: pandas makes no text of None.
    values = ["null" if value is None else without_folders(str(value)) for value in flat.iloc[:, 1]]
    flat = pd.DataFrame({"Setting": flat.iloc[:, 0], "Value": values})
    devices = ", ".join(device.device_type for device in tf.config.list_physical_devices())
    versions = {
        "tf_ganaug": __version__,
        "Python": platform.python_version(),
        "TensorFlow": tf.__version__,
        "Keras": keras.__version__,
        "numpy": np.__version__,
        "Machine": f"{platform.machine()}, devices {devices}",
        "Command": command_line(),
    }
    table = pd.DataFrame(versions.items(), columns=["Part", "Version"])
    return [
        Section("Settings", [Table(flat, "Every setting of this experiment.")]),
        Section("Versions", [Table(table, "What it ran on.")]),
    ]
