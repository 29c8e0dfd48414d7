"""What a study says of its data."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from tf_ganaug.data import folder
from tf_ganaug.experiment.study import Study
from tf_ganaug.question.checks import settings_of


@pytest.mark.parametrize(
    ("suffix", "description", "unit"),
    [("nii", "", "mm"), ("png", "", "px"), ("png", "spacing: [1, 1]", "mm")],
)
def test_distances_are_in_millimetres_where_spacing_is_stated_though_it_is_1(tmp_path, suffix, description, unit):
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    for name, values in (("images", pixels), ("labels", pixels % 2)):
        path = tmp_path / "data" / name / f"a.{suffix}"
        path.parent.mkdir(parents=True)
        if suffix == "nii":
            nibabel.save(nibabel.Nifti1Image(values[..., None], np.eye(4)), path)
        else:
            Image.fromarray(values).save(path)
    (tmp_path / "data" / "dataset.yaml").write_text(f"name: data\n{description}")
    assert Study(tmp_path / "out", folder.read(tmp_path / "data"), settings_of("smoke", [])).unit == unit
