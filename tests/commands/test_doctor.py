"""What `doctor` says of broken machines, and of this one."""

import json
import re
from dataclasses import replace

import pytest
import tensorflow as tf
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.doctor import Facts, gather, gpu_line, gpu_problems, problems
from tf_ganaug.gans import timing

#: As the distributions themselves state them.
OURS = (
    'tensorflow<2.16,>=2.15.1; python_version < "3.12"',
    'keras<2.16,>=2.15; python_version < "3.12"',
    'tensorflow-addons==0.23.0; python_version < "3.12"',
    'tensorflow>=2.20; python_version >= "3.12"',
    'keras>=3.12; python_version >= "3.12"',
    "tensorboard",
    'pydicom>=2.4; extra == "dicom"',
)
OF_215 = (
    "numpy (<2.0.0,>=1.23.5)",
    "protobuf (!=4.21.0,<5.0.0dev,>=3.20.3)",
    "keras (<2.16,>=2.15.0)",
    "tensorboard (<2.16,>=2.15)",
)
OF_221 = ("numpy>=1.26.0", "protobuf<8.0.0,>=6.31.1", "keras>=3.12.0", "ml_dtypes<1.0.0,>=0.5.1")

REFERENCE = Facts(
    python="3.11.9",
    versions={
        "tf-ganaug": "0.1.0",
        "tensorflow": "2.15.1",
        "keras": "2.15.0",
        "tensorflow-addons": "0.23.0",
        "typeguard": "2.13.3",
        "tensorboard": "2.15.2",
        "numpy": "1.26.4",
        "protobuf": "4.25.9",
    },
    requirements={"tf_ganaug": OURS, "tensorflow": OF_215, "tensorflow-addons": ("typeguard (<3.0.0,>=2.7)",)},
)
CURRENT = Facts(
    python="3.12.3",
    versions={
        "tf-ganaug": "0.1.0",
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "tensorboard": "2.21.0",
        "numpy": "2.5.5",
        "protobuf": "7.36.2",
        "ml-dtypes": "0.6.0",
    },
    requirements={"tf_ganaug": OURS, "tensorflow": OF_221},
)


def test_both_stacks_are_well():
    assert problems(REFERENCE) == problems(CURRENT) == []


def versions(facts, **changes):
    names = {name.replace("_", "-"): version for name, version in changes.items()}
    return replace(facts, versions={k: v for k, v in {**facts.versions, **names}.items() if v})


@pytest.mark.parametrize(
    ("facts", "what", "cure"),
    [
        (
            versions(REFERENCE, keras="3.15.1"),
            "tensorflow-addons cannot be imported beside Keras 3",
            "keras>=2.15,<2.16",
        ),
        (versions(REFERENCE, keras="3.15.1"), "keras 3.15.1 is installed; tensorflow needs", "keras<2.16,>=2.15"),
        (versions(REFERENCE, numpy="2.1.0"), "numpy 2.1.0 is installed; tensorflow needs", "numpy<2.0.0,>=1.23.5"),
        (versions(REFERENCE, protobuf="5.29.0"), "protobuf 5.29.0 is installed; tensorflow needs", "protobuf"),
        (versions(REFERENCE, typeguard="4.4.0"), "typeguard 4.4.0 .* tensorflow-addons needs", "typeguard<3"),
        (
            versions(REFERENCE, tensorflow="2.16.1"),
            "tensorflow 2.16.1 .* tf_ganaug needs <2.16",
            "tensorflow<2.16,>=2.15.1",
        ),
        (
            versions(REFERENCE, tensorflow_addons=None),
            "tensorflow-addons is not installed",
            "tensorflow-addons==0.23.0",
        ),
        (
            versions(CURRENT, tensorflow_addons="0.23.0"),
            "tensorflow-addons cannot be imported",
            "pip uninstall tensorflow-addons",
        ),
        (versions(CURRENT, tensorflow="2.19.0"), "tensorflow 2.19.0 .* tf_ganaug needs >=2.20", "tensorflow>=2.20"),
        (
            versions(CURRENT, tensorboard=None),
            "tensorboard is not installed; tf_ganaug needs it",
            'pip install "tensorboard"',
        ),
        (replace(CURRENT, requirements={"tensorflow": OF_221}), "tf_ganaug is not installed", r"pip install -e \."),
        (replace(CURRENT, environment={"KERAS_BACKEND": "jax"}), "KERAS_BACKEND is jax", "KERAS_BACKEND to tensorflow"),
        (replace(CURRENT, keras={"backend": "torch"}), '"backend" in keras.json is torch', "keras.json to tensorflow"),
        (replace(CURRENT, keras={"floatx": "float16"}), '"floatx" in keras.json is float16', "float32"),
        (replace(REFERENCE, keras={"image_data_format": "channels_first"}), "channels_first", "channels_last"),
        (replace(CURRENT, environment={"TF_USE_LEGACY_KERAS": "1"}), "TF_USE_LEGACY_KERAS is set", "unset"),
        (replace(CURRENT, avx=False), "no AVX", "another machine"),
        (replace(CURRENT, memory=1.5), "1.5 GiB of memory", "container"),
        (replace(CURRENT, disk=0.3), "0.3 GiB free", "clear the disk"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(facts, what, cure):
    found = problems(facts)
    assert any(
        re.search(what, one.what) and re.search(re.escape(cure) if "<" in cure or "=" in cure else cure, one.cure)
        for one in found
    ), found


@pytest.mark.parametrize(
    "facts",
    [
        replace(
            CURRENT, environment={"KERAS_BACKEND": "tensorflow", "TF_USE_LEGACY_KERAS": "0"}, keras={"backend": "jax"}
        ),
        replace(REFERENCE, keras={"backend": "theano"}),  # Keras 2 knows no other
        replace(CURRENT, driver=True),
    ],
)
def test_what_does_no_harm_is_not_named(facts):
    assert problems(facts) == []


def test_gpus():
    assert gpu_problems(replace(CURRENT, driver=True), gpus=1) == gpu_problems(CURRENT, gpus=0) == []
    (problem,) = gpu_problems(replace(CURRENT, driver=True), gpus=0)
    assert '".[gpu]"' in problem.cure
    assert not gpu_problems(replace(CURRENT, driver=True, environment={"CUDA_VISIBLE_DEVICES": ""}), gpus=0)
    assert gpu_line("T4", (7, 5)) == "GPU T4, compute capability 7.5: float32, mixed_float16"
    assert gpu_line("H200", (9, 0)).endswith("float32, mixed_float16, mixed_bfloat16")
    assert gpu_line("GTX", (6, 1)).endswith(": float32") and "unknown" in gpu_line("new", None)


def test_facts_of_this_machine(tmp_path, monkeypatch):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float16"}))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    facts = gather()
    assert facts.versions["tensorflow"] == tf.__version__ and "tf_ganaug" in facts.requirements
    assert facts.keras == {"floatx": "float16"} and facts.environment["KERAS_HOME"] == str(tmp_path)
    assert facts.cores >= 1 and 0 < facts.memory < 1e5 and facts.disk >= 0 and facts.avx


@pytest.mark.parametrize("count", [2, pytest.param(5, marks=pytest.mark.long)])
def test_this_machine_trains_gans(count, eager, monkeypatch):
    """All five are trained in the tests of the critic's augmentation, too."""
    for name, small in {"SIDE": 32, "WIDTH": 2, "ROUNDS": 1, "GANS": dict([*timing.GANS.items()][:count])}.items():
        monkeypatch.setattr(timing, name, small)
    done = CliRunner().invoke(main, ["doctor"], catch_exceptions=False)
    wrong = problems(gather())
    assert not wrong, "the tests need a machine that is well"
    seconds = dict(re.findall(r"^  (\S.*?) +(\d+\.\d{3})$", done.output, re.MULTILINE))
    assert (
        list(seconds) == list(timing.GANS)
        and len(seconds) == count
        and all(float(value) > 0 for value in seconds.values())
    )
    assert done.output.endswith("all is well\n") and done.exit_code == 0


def test_a_broken_machine_ends_with_status_1_and_the_cure(monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    done = CliRunner().invoke(main, ["doctor", "--no-timing"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "cure: unset TF_USE_LEGACY_KERAS" in done.output and "wrong in all: 1" in done.output
    assert "WGAN-GP" not in done.output
