"""How generated pairs lie on disk: plain pairs, NIfTI, or a data set of nnU-Net. One class per layout."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.description import write_description
from tf_ganaug.data.pictures import write_png
from tf_ganaug.data.provenance import PROVENANCE
from tf_ganaug.errors import InputError
from tf_ganaug.files import write_text

#: Millimetres between slices that have no neighbours, as nnU-Net states them itself: it slices across the axis with the
#: widest spacing.
NO_NEIGHBOUR = 999.0


class PoolLayout(ABC):
    """Writes pairs into a folder one at a time; what describes all of them comes last.

    Args:
        folder: exists, empty.
        name: that the folder will have.
        spec: of the labels.
        spacing: millimetres per pixel (row, column).

    Attributes:
        count: pairs written.
        void: whether ignored pixels are declared: the classes know some, or a written label has some.
        blank: whether a written image is constant.
    """

    #: Names that the folder may have, and one of them.
    NAMES, EXAMPLE = re.compile(r".*"), "samples"

    def __init__(self, folder: Path, name: str, spec: LabelSpec, spacing: tuple[float, float]):
        self.folder, self.name, self.spec, self.spacing = folder, name, spec, spacing
        self.count, self.void, self.blank = 0, bool(spec.ignored), False
        self.ids = self._ids()

    @classmethod
    def require_name(cls, folder: Path) -> None:
        """Checks the folder's name, for which nnU-Net has a rule.

        Raises:
            InputError: if it breaks the rule.
        """
        if not cls.NAMES.fullmatch(folder.name):
            remedy = "name it so, with an id that no other data set there has"
            raise InputError(folder, f"a folder named such as {cls.EXAMPLE}", folder.name, remedy)

    @abstractmethod
    def case_id(self, number: int) -> str:
        """The name of a pair."""

    @abstractmethod
    def _ids(self) -> np.ndarray:
        """(256,) from class indices, and `IGNORE`, to the values in the label files."""

    @abstractmethod
    def _write(self, case: str, image: np.ndarray, label: np.ndarray) -> None: ...

    @abstractmethod
    def _describe(self) -> None: ...

    def add(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Writes pairs after those before.

        Args:
            images: (N, H, W, C) in the stored type.
            labels: (N, H, W) uint8 class indices or `IGNORE`.
        """
        for image, label in zip(images, labels):
            self.void |= bool((label == IGNORE).any())
            self.blank |= bool(image.min() == image.max())
            self._write(self.case_id(self.count), image, self.ids[label])
            self.count += 1

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Writes what describes all pairs, and provenance.json: what made them."""
        self._describe()
        write_text(self.folder / PROVENANCE, json.dumps(provenance, indent=1))


class PlainPairs(PoolLayout):
    """images/NNNNNN.png and labels/NNNNNN.png with dataset.yaml, for the `folder` reader.

    What has other than 8 or 16 bits, or other than 1 or 3 channels, is .npy. A class is written as the first
    of its stored ids, `IGNORE` as the first ignored id.
    """

    def case_id(self, number: int) -> str:
        return f"{number:06d}"

    def _ids(self) -> np.ndarray:
        ids = np.zeros(IGNORE + 1, np.int64)
        ids[: len(self.spec.classes)] = [label_class.ids[0] for label_class in self.spec.classes]
        ids[IGNORE] = self._void_id
        return ids.astype(np.min_scalar_type(ids.max()))

    @property
    def _void_id(self) -> int:
        return self.spec.ignored[0] if self.spec.ignored else max(set(range(256)) - set(self.spec.ids))

    def _write(self, case: str, image: np.ndarray, label: np.ndarray) -> None:
        for part, pixels in (("images", image), ("labels", label[..., None])):
            path = self._path(part, case)
            if pixels.dtype in (np.uint8, np.uint16) and pixels.shape[-1] in (1, 3):
                write_png(path.with_suffix(".png"), pixels)
            else:
                np.save(path.with_suffix(".npy"), pixels)

    def _path(self, *parts: str) -> Path:
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(exist_ok=True)
        return path

    def _describe(self, **more: Any) -> None:
        if self.void:
            more["ignored"] = list(self.spec.ignored) or [self._void_id]
        if self.blank:
            more["keep_blank"] = True
        write_description(self.folder / "dataset.yaml", self.spec, spacing=list(self.spacing), **more)


class Nifti(PlainPairs):
    """images/NNNNNN.nii.gz and labels/NNNNNN.nii.gz, volumes of one slice, with dataset.yaml for the `folder` reader.

    NIfTI has no place for channels: several are NNNNNN/image_0.nii.gz, image_1.nii.gz, ... beside
    NNNNNN/label.nii.gz.
    """

    def __init__(self, *args):
        super().__init__(*args)
        self.channels = 1

    def _write(self, case: str, image: np.ndarray, label: np.ndarray) -> None:
        self.channels = image.shape[-1]
        if self.channels == 1:
            images, label_path = [self._path("images", f"{case}.nii.gz")], self._path("labels", f"{case}.nii.gz")
        else:
            images, label_path = [self._path(case, name) for name in self._names], self._path(case, "label.nii.gz")
        for channel, path in enumerate(images):
            write_nifti(path, image[..., channel], self.spacing)
        write_nifti(label_path, label, self.spacing)

    @property
    def _names(self) -> list[str]:
        return [f"image_{channel}.nii.gz" for channel in range(self.channels)]

    def _describe(self) -> None:
        files = {"files": {"image": self._names, "label": "label.nii.gz"}} if self.channels > 1 else {}
        super()._describe(**files)


class NnUNet(PoolLayout):
    """A raw data set of nnU-Net v2: DatasetNNN_NAME with imagesTr, labelsTr and dataset.json.

    8-bit images of 1 or 3 channels are one PNG each, which has no spacing; all others are NIfTI, one file per
    channel. Labels are 0 for background, then the other classes in their order, and last "ignore" if any pixel may
    be. Data without a background have none of it in their labels.

    Source: nnU-Net v2, documentation/dataset_format.md and ignore_label.md.
    """

    NAMES, EXAMPLE = re.compile(r"Dataset\d{3}_[\w-]+"), "Dataset501_Synthetic"

    def case_id(self, number: int) -> str:
        return f"synthetic_{number:06d}"

    @property
    def _foreground(self) -> list[int]:
        return [index for index in range(len(self.spec.classes)) if index != self.spec.background]

    def _ids(self) -> np.ndarray:
        ids = np.zeros(IGNORE + 1, np.int64)
        ids[self._foreground] = range(1, len(self._foreground) + 1)
        ids[IGNORE] = len(self._foreground) + 1
        return ids.astype(np.min_scalar_type(ids.max()))

    def _write(self, case: str, image: np.ndarray, label: np.ndarray) -> None:
        if not self.count:
            self.pictures, self.channels = image.dtype == np.uint8 and image.shape[-1] in (1, 3), image.shape[-1]
            for part in ("imagesTr", "labelsTr"):
                (self.folder / part).mkdir()
        images, labels = self.folder / "imagesTr", self.folder / "labelsTr"
        if self.pictures:
            write_png(images / f"{case}_0000.png", image)
            write_png(labels / f"{case}.png", label)
            return
        for channel in range(self.channels):
            path = images / f"{case}_{channel:04d}.nii.gz"
            write_nifti(path, image[..., channel], self.spacing, NO_NEIGHBOUR)
        write_nifti(labels / f"{case}.nii.gz", label, self.spacing, NO_NEIGHBOUR)

    def _describe(self) -> None:
        # Normalisation hangs on these names: any but those nnU-Net knows (such as CT) get z-scores.
        colours = self.pictures and self.channels == 3
        names = "RGB" if colours else [f"channel {channel}" for channel in range(self.channels)]
        described = {
            "channel_names": {str(channel): name for channel, name in enumerate(names)},
            "labels": self._labels(),
            "numTraining": self.count,
            "file_ending": ".png" if self.pictures else ".nii.gz",
            "name": self.name,
        }
        write_text(self.folder / "dataset.json", json.dumps(described, indent=1))

    def _labels(self) -> dict[str, int]:
        labels = {"background": 0}
        for number, index in enumerate(self._foreground, 1):
            name = self.spec.classes[index].name
            labels[f"{name} {number}" if name in (*labels, "ignore") else name] = number
        return {**labels, "ignore": len(labels)} if self.void else labels


def write_nifti(path: Path, plane: np.ndarray, spacing: tuple[float, float], thickness: float = 1.0) -> None:
    """Writes (H, W) as a volume (W, H, 1) that stands upright: rows from anterior down, columns to the right.

    `data.files.read_slice` gives the same plane back; floats become float32.

    Args:
        path: ends in .nii or .nii.gz.
        plane: integers or floats.
        spacing: millimetres per pixel (row, column).
        thickness: millimetres of the slice.
    """
    kind = np.float32 if plane.dtype.kind == "f" else plane.dtype
    volume = np.rot90(plane, -1)[..., None].astype(kind)
    affine = np.diag([spacing[1], spacing[0], thickness, 1.0])
    image = nibabel.Nifti1Image(volume, affine, dtype=kind)
    image.header.set_xyzt_units("mm")
    for place in (image.set_sform, image.set_qform):
        place(affine, code=1)
    nibabel.save(image, path)


#: By the name that --layout takes.
LAYOUTS: Mapping[str, type[PoolLayout]] = {"pairs": PlainPairs, "nifti": Nifti, "nnunet": NnUNet}
