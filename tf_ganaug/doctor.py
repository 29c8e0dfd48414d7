"""Is this machine fit to train: facts of the installation, and what is known to go wrong with them, with its cure."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tf_ganaug.hardware import memory, processors

#: Distributions whose stated requirements are held against what is installed.
DECISIVE = ("tf_ganaug", "tensorflow", "keras", "tensorflow-addons", "tensorboard")

#: Below these, GiB, trainings at the papers' sizes end for lack of memory, or cannot keep their checkpoints.
MEMORY, DISK = 4.0, 2.0

#: Extras of this package and the distribution that each brings.
EXTRAS = {"dicom": "pydicom", "brats": "dipy", "cityscapes": "cityscapesscripts", "ray": "ray"}


@dataclass(frozen=True)
class Facts:
    """What the checks look at.

    Attributes:
        python: version, such as "3.12.1".
        versions: of the installed distributions, by canonical name.
        requirements: by distribution of `DECISIVE` that is installed, its stated requirements.
        environment: variables.
        keras: content of keras.json.
        processor: such as "x86_64".
        avx: whether an x86 processor has AVX.
        cores: that this process may use.
        memory: GiB it may use.
        disk: GiB free where it runs.
        driver: whether NVIDIA's is loaded.
    """

    python: str
    versions: Mapping[str, str]
    requirements: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str] = field(default_factory=dict)
    keras: Mapping[str, Any] = field(default_factory=dict)
    processor: str = "x86_64"
    avx: bool = True
    cores: int = 1
    memory: float = 16.0
    disk: float = 100.0
    driver: bool = False

    @property
    def old(self) -> bool:
        """Whether this Python takes the reference stack; newer ones take the current."""
        return tuple(map(int, self.python.split(".")[:2])) < (3, 12)


@dataclass(frozen=True)
class Problem:
    """Something wrong, and what to do about it."""

    what: str
    cure: str


def gather() -> Facts:
    """The facts of this process; nothing is imported for it but what stands above."""
    installed = {
        canonicalize_name(one.metadata["Name"]): one for one in metadata.distributions() if one.metadata["Name"]
    }
    decisive = {name: installed[canonicalize_name(name)] for name in DECISIVE if canonicalize_name(name) in installed}
    return Facts(
        python=platform.python_version(),
        versions={name: one.version for name, one in installed.items()},
        requirements={name: tuple(one.requires or ()) for name, one in decisive.items()},
        environment=dict(os.environ),
        keras=_keras_settings(),
        processor=platform.machine(),
        avx=_avx(),
        cores=processors(),
        memory=memory() / 2**30,
        disk=shutil.disk_usage(".").free / 2**30,
        driver=Path("/proc/driver/nvidia/version").exists(),
    )


def problems(facts: Facts) -> list[Problem]:
    """All that is known to be wrong, most telling first."""
    checks = (_unknown, _addons, _requirements, _switches, _keras_file, _processor, _room)
    return [problem for check in checks for problem in check(facts)]


def gpu_problems(facts: Facts, gpus: int) -> list[Problem]:
    """What is wrong with the GPUs, once TensorFlow has said how many it sees."""
    hidden = facts.environment.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if not facts.driver or gpus or hidden:
        return []
    what = "NVIDIA's driver is loaded, but TensorFlow sees no GPU"
    return [Problem(what, 'bring the matching CUDA libraries: pip install -e ".[gpu]"')]


def gpu_lines() -> list[str]:
    """Name, compute capability and the fast precisions of each GPU; TensorFlow is imported for it."""
    import tensorflow as tf

    lines = []
    for gpu in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpu)
        lines.append(gpu_line(details.get("device_name", gpu.name), details.get("compute_capability")))
    return lines


def gpu_line(name: str, capability: tuple[int, int] | None) -> str:
    """What `--precision` is worth on a GPU: half types need tensor cores, of 7.0 (float16) and 8.0 (bfloat16)."""
    if capability is None:
        return f"GPU {name}: compute capability unknown"
    fast = [policy for policy, least in (("mixed_float16", 7), ("mixed_bfloat16", 8)) if capability[0] >= least]
    return f"GPU {name}, compute capability {capability[0]}.{capability[1]}: {', '.join(['float32', *fast])}"


def _unknown(facts: Facts) -> Iterator[Problem]:
    if "tf_ganaug" not in facts.requirements:
        yield Problem("tf_ganaug is not installed in this Python", "in its folder: pip install -e .")


def _addons(facts: Facts) -> Iterator[Problem]:
    keras = facts.versions.get("keras", "")
    if "tensorflow-addons" in facts.versions and keras and not keras.startswith("2."):
        what = f"tensorflow-addons cannot be imported beside Keras {keras}, whose internals it does not know"
        cure = 'pip install "keras>=2.15,<2.16"' if facts.old else "pip uninstall tensorflow-addons"
        yield Problem(what, cure)


def _requirements(facts: Facts) -> Iterator[Problem]:
    """Among others: Keras 3 or NumPy 2 with TensorFlow 2.15, a protobuf it cannot read with, TensorBoard absent."""
    python = {"python_version": ".".join(facts.python.split(".")[:2]), "python_full_version": facts.python, "extra": ""}
    for name, lines in facts.requirements.items():
        for line in lines:
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate(python):
                continue
            found = facts.versions.get(canonicalize_name(needed.name))
            if found is None:
                yield Problem(f"{needed.name} is not installed; {name} needs it", f'pip install "{_bare(needed)}"')
            elif not needed.specifier.contains(found, prereleases=True):
                what = f"{needed.name} {found} is installed; {name} needs {needed.specifier}"
                yield Problem(what, f'pip install "{_bare(needed)}"')


def _bare(needed: Requirement) -> str:
    return f"{needed.name}{needed.specifier}"


def _switches(facts: Facts) -> Iterator[Problem]:
    backend = facts.environment.get("KERAS_BACKEND", facts.keras.get("backend", "tensorflow"))
    if backend != "tensorflow" and not facts.old:
        place = "KERAS_BACKEND" if "KERAS_BACKEND" in facts.environment else '"backend" in keras.json'
        yield Problem(f"{place} is {backend}; every network here is TensorFlow's", f"set {place} to tensorflow")
    if facts.environment.get("TF_USE_LEGACY_KERAS", "0").lower() in ("1", "true"):
        what = "TF_USE_LEGACY_KERAS is set: TensorFlow then takes another Keras than `import keras` does"
        yield Problem(what, "unset TF_USE_LEGACY_KERAS")


def _keras_file(facts: Facts) -> Iterator[Problem]:
    for key, wanted in (("floatx", "float32"), ("image_data_format", "channels_last")):
        found = facts.keras.get(key, wanted)
        if found != wanted:
            yield Problem(f'"{key}" in keras.json is {found}', f"set it to {wanted}, or remove the file")


def _processor(facts: Facts) -> Iterator[Problem]:
    if not facts.avx:
        what = "the processor has no AVX: TensorFlow's wheels end with 'Illegal instruction'"
        yield Problem(what, "use another machine, or a TensorFlow built for this one")


def _room(facts: Facts) -> Iterator[Problem]:
    if facts.memory < MEMORY:
        what = f"{facts.memory:.1f} GiB of memory; trainings need {MEMORY:g}"
        yield Problem(what, "end other programs, or raise the container's limit")
    if facts.disk < DISK:
        yield Problem(f"{facts.disk:.1f} GiB free here; trainings need {DISK:g}", "clear the disk, or work on another")


def _keras_settings() -> dict[str, Any]:
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    try:
        stored = json.loads((Path(home) / "keras.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # Keras then has its defaults
        return {}
    return stored if isinstance(stored, dict) else {}


def _avx() -> bool:
    """True where it cannot be told."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    flags = [line.split() for line in lines if line.startswith("flags")]
    return not flags or "avx" in flags[0]
