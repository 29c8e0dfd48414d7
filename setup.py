"""Chooses the software stack by Python version: see docs/stacks.md."""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

OLD, NEW = "python_version < '3.12'", "python_version >= '3.12'"
CITYSCAPES = "cityscapesscripts>=2.3"
DIPY = "dipy>=1.7"  # tissue classes of BraTS where FSL is not installed
PYDICOM = "pydicom>=2.4"
GDCM = "python-gdcm"  # decodes what DICOM files are compressed with


class WithConfigurations(build_py):
    """Puts configs/ into a built package; an editable one reads it where it lies."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            self.copy_tree("configs", str(Path(self.build_lib) / "tf_ganaug" / "configs"))


setup(
    name="tf_ganaug",
    version="0.1.0",
    description="GAN-based data augmentation for image segmentation: reference implementations of five papers",
    long_description=(Path(__file__).parent / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.9",
    packages=find_packages(include=["tf_ganaug", "tf_ganaug.*"]),
    package_dir={"": "."},  # said, an editable installation is a path and no finder
    package_data={"tf_ganaug": ["experiment/*.jinja"]},
    cmdclass={"build_py": WithConfigurations},
    entry_points={"console_scripts": ["tf-ganaug=tf_ganaug.cli:main"]},
    install_requires=[
        f"tensorflow>=2.15.1,<2.16; {OLD}",
        f"keras>=2.15,<2.16; {OLD}",
        f"tensorflow-addons==0.23.0; {OLD}",
        f"tensorflow>=2.20; {NEW}",
        f"keras>=3.12; {NEW}",
        "tensorboard",  # TensorFlow no longer brings it from 2.21 on; tf.summary needs it
        "numpy",
        "scipy",
        "scikit-image",
        "nibabel",
        "pypng",
        "pillow",
        "tifffile",  # scikit-image brings it; the TIFF reader uses it itself
        "pyyaml",  # omegaconf brings it; dataset.yaml is read with it
        "matplotlib",
        "pandas",
        "omegaconf",
        "click",
        "tqdm",
        "packaging",  # TensorFlow brings it; doctor uses it itself
        "jinja2",
        "filelock",  # the lock of a results' folder, on every system
    ],
    extras_require={
        "gpu": [
            f"tensorflow[and-cuda]>=2.15.1,<2.16; {OLD}",
            f"tensorflow[and-cuda]>=2.20; {NEW}",
        ],
        "brats": [DIPY],
        "cityscapes": [CITYSCAPES],
        "dicom": [PYDICOM, GDCM],
        "ray": ["ray>=2.30"],
        # pytest-xdist: the tests on all cores, half the time
        # hypothesis: files of all kinds, drawn at random and made small where one is read wrong
        "test": ["pytest", "pytest-xdist", "hypothesis", "ruff", CITYSCAPES, DIPY, PYDICOM, GDCM],
    },
)
