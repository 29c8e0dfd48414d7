"""Volumes written by nibabel and read back: what their headers say of place and size, and what they do not."""

import gzip
import os
import tracemalloc

import nibabel
import numpy as np
import pytest

from tests.data.picture_files import refusal
from tf_ganaug.data import folder, limits, voxels
from tf_ganaug.data.files import read_label, read_shape
from tf_ganaug.data.nifti import read_header
from tf_ganaug.data.volumes import common_grid
from tf_ganaug.data.voxels import read_grid, read_slice, read_volume, slice_spacing
from tf_ganaug.errors import InputError

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
PLACED = np.diag([1.2, 1.1, 3.0, 1.0])


def save(path, voxels=VOXELS, affine=PLACED, kind=nibabel.Nifti1Image, **header):
    """A volume whose header fields are then overwritten in the file, as other programs leave them."""
    nibabel.save(kind(voxels, affine), path)
    stored = path if path.suffix != ".img" else path.with_suffix(".hdr")
    fields = kind.header_class(stored.read_bytes()[: kind.header_class.sizeof_hdr], check=False)
    for name, value in header.items():
        fields[name] = value
    with stored.open("r+b") as file:
        file.write(fields.binaryblock)
    return stored


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_nifti_is_turned_to_canonical_axes(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    canonical = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)  # right, anterior, superior
    stored = canonical.transpose(1, 2, 0)[:, ::-1, ::-1]  # anterior, inferior, left
    affine = np.array([[0, 0, -2.0, 0], [0.5, 0, 0, 0], [0, -3, 0, 0], [0, 0, 0, 1]])
    affine[:3, 3] = [2.0 * 3, 0, 3 * 5]
    nibabel.save(nibabel.Nifti1Image(stored, affine), path)
    volume, grid = read_volume(path), read_grid(path)
    np.testing.assert_array_equal(volume, canonical)
    assert volume.dtype == np.int16
    assert (grid.shape, grid.spacing) == ((4, 5, 6), (2.0, 0.5, 3.0))
    np.testing.assert_allclose(grid.affine, np.diag([2.0, 0.5, 3.0, 1.0]))


@pytest.mark.parametrize(("axis", "rows", "columns"), [(0, 2, 1), (1, 2, 0), (2, 1, 0)])
def test_nifti_slices_stand_upright(tmp_path, axis, rows, columns):
    path = tmp_path / "a.nii"
    positions = np.stack(np.meshgrid(range(4), range(5), range(6), indexing="ij"))
    code = (positions * np.array([1, 10, 100])[:, None, None, None]).sum(0).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(code, np.diag([2.0, 0.5, 3.0, 1.0])), path)
    section = read_slice(path, axis, 1)
    step = [1, 10, 100]
    assert section[0, 0] - section[1, 0] == step[rows]  # superior or anterior is on top
    assert section[0, 1] - section[0, 0] == step[columns]
    spacing = (2.0, 0.5, 3.0)
    assert slice_spacing(read_grid(path), axis) == (spacing[rows], spacing[columns])


def test_nifti_scaling_floats_and_units(tmp_path):
    stored = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = nibabel.Nifti1Image(stored, np.diag([0.002, 0.001, 0.001, 1]))
    image.header.set_slope_inter(0.5, 3)
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "scaled.nii.gz")
    reread = nibabel.load(tmp_path / "scaled.nii.gz").get_fdata()
    volume = read_volume(tmp_path / "scaled.nii.gz")
    assert volume.dtype == np.float32
    np.testing.assert_allclose(volume, reread)
    np.testing.assert_allclose(read_grid(tmp_path / "scaled.nii.gz").spacing, (2, 1, 1), rtol=1e-6)


def test_rewritten_volume_is_read_again(tmp_path):
    path = tmp_path / "a.npy"
    for value in (1, 2):
        np.save(path, np.full((2, 3, 4), value))
        assert read_volume(path)[0, 0, 0] == value


def test_the_header_of_a_volume_is_read_once_for_all_its_slices(tmp_path, monkeypatch):
    """Two thirds of the time that slices of 64 x 64 pixels took."""
    path, asked = save(tmp_path / "v.nii"), []
    monkeypatch.setattr(voxels, "read_header", lambda path: asked.append(path) or read_header(path))
    for index in range(VOXELS.shape[2]):
        np.testing.assert_array_equal(read_slice(path, 2, index), np.rot90(read_volume(path)[..., index]))
    assert len(asked) == 1


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
def test_nifti_1_and_2_in_either_byte_order(tmp_path, kind, order):
    header = kind.header_class(endianness=order)
    nibabel.save(kind(VOXELS, PLACED, header), tmp_path / "a.nii")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii"), VOXELS)
    np.testing.assert_allclose(read_grid(tmp_path / "a.nii").spacing, (1.2, 1.1, 3.0), rtol=1e-6)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.Nifti2Pair, nibabel.AnalyzeImage])
def test_pairs_of_header_and_voxels(tmp_path, kind):
    path = save(tmp_path / "a.img", kind=kind)
    grid = read_grid(path)
    np.testing.assert_allclose(grid.spacing, (1.2, 1.1, 3.0), rtol=1e-6)
    expected = nibabel.as_closest_canonical(nibabel.load(path)).get_fdata()
    np.testing.assert_array_equal(read_volume(path), expected)
    said = "no orientation stated" in " ".join(grid.remarks)
    assert said == (kind is nibabel.AnalyzeImage)
    np.save(tmp_path / "other.npy", VOXELS + 1)
    (tmp_path / "a.img").write_bytes((VOXELS + 1).tobytes(order="F"))
    assert read_volume(path).max() == VOXELS.max() + 1  # read again, though the header is the same file
    (tmp_path / "a.img").unlink()
    assert "expected its voxels in a.img beside it, found none" in refusal(read_grid, path)
    assert "expected" in refusal(read_volume, path)


def test_spacing_is_that_of_the_affine_that_places_the_voxels(tmp_path):
    grid = read_grid(save(tmp_path / "a.nii", pixdim=[1, 0.5, 0.5, 0.5, 1, 1, 1, 1]))
    np.testing.assert_allclose(grid.spacing, (1.2, 1.1, 3.0), rtol=1e-6)
    assert grid.known
    assert grid.remarks == (
        "pixdim says 0.5 x 0.5 x 0.5 mm and the affine that places the voxels 1.2 x 1.1 x 3: the affine is taken",
    )
    assert not read_grid(save(tmp_path / "a.nii")).remarks


@pytest.mark.parametrize("codes", [{"sform_code": 0, "qform_code": 0}, {"sform_code": 0, "qform_code": 1}])
@pytest.mark.parametrize("size", [0, -1.5])
def test_voxel_size_that_is_not_stated(tmp_path, capfd, codes, size):
    grid = read_grid(save(tmp_path / "a.nii", pixdim=[1, size, size, size, 1, 1, 1, 1], **codes))
    assert (grid.known, grid.spacing) == (False, (1.0, 1.0, 1.0))
    assert "voxel size not stated" in grid.remarks[0]
    # without either code nibabel takes the first axis to run to the left, as Analyze files do
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii"), VOXELS if codes["qform_code"] else VOXELS[::-1])
    assert capfd.readouterr() == ("", "")  # nibabel's own words name no file


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
@pytest.mark.parametrize(
    "header",
    [
        {"pixdim": [1, np.nan, 1, 1, 1, 1, 1, 1]},
        {"pixdim": [1, np.inf, 1, 1, 1, 1, 1, 1], "sform_code": 0, "qform_code": 0},
        {"pixdim": [1, 1, 1, 1e30, 1, 1, 1, 1]},
        {"srow_x": [np.nan, 0, 0, 0]},
        {"srow_x": [0, 0, 0, 0], "srow_y": [0, 0, 0, 0], "srow_z": [0, 0, 0, 0]},
        {"srow_x": [0, 1, 0, 0], "srow_y": [0, 1, 0, 0]},
        {"srow_x": [1, 0, 0, np.inf]},
        {"dim": [3, 4, 0, 6, 1, 1, 1, 1]},
        {"dim": [3, 4, -5, 6, 1, 1, 1, 1]},
        {"dim": [4, 4, 5, 2, 3, 1, 1, 1]},
        {"vox_offset": 1e9},
        {"datatype": 1792},
        {"magic": b"xxx"},
        {"scl_slope": 2, "scl_inter": np.nan},
    ],
)
def test_headers_that_place_no_voxels_are_refused_with_their_name(tmp_path, suffix, header):
    path = save(tmp_path / "a.nii", **header)
    if suffix == "nii.gz":
        path = tmp_path / "a.nii.gz"
        path.write_bytes(gzip.compress((tmp_path / "a.nii").read_bytes()))
    read = read_volume if "scl_slope" in header or "vox_offset" in header or "datatype" in header else read_grid
    if header.get("dim", [0])[0] == 4:
        assert read_grid(path).volumes == 3
    else:
        refusal(read, path)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image, nibabel.AnalyzeImage])
def test_damaged_headers_are_refused_or_read(tmp_path, kind):
    path = save(tmp_path / ("a.img" if kind is nibabel.AnalyzeImage else "a.nii"), kind=kind)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for turn in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(0, kind.header_class.sizeof_hdr, 1 + 2 * (turn % 3)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        os.utime(path, ns=(turn, turn))
        try:
            grid, volume = read_grid(path), read_volume(path)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert grid.shape == volume.shape[:3]
            assert np.isfinite(grid.affine).all() and np.isfinite(grid.spacing).all() and min(grid.spacing) > 0


@pytest.mark.parametrize("slope", [0, np.nan])
def test_slope_that_says_nothing_is_none(tmp_path, slope):
    volume = read_volume(save(tmp_path / "a.nii", scl_slope=slope, scl_inter=0))
    assert volume.dtype == np.int16
    np.testing.assert_array_equal(volume, VOXELS)


def test_large_whole_numbers_stay_exact(tmp_path):
    ids = np.array([[[0, 2**24 + 1]]], np.float64)
    nibabel.save(nibabel.Nifti1Image(ids, PLACED), tmp_path / "a.nii")
    assert read_volume(tmp_path / "a.nii").max() == 2**24 + 1


def test_oblique_and_flipped_axes(tmp_path):
    angle = np.radians(20)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, -1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([2.0, 0.5, 3.0])
    nibabel.save(nibabel.Nifti1Image(VOXELS, affine), tmp_path / "a.nii")
    grid = read_grid(tmp_path / "a.nii")
    np.testing.assert_allclose(grid.spacing, (2.0, 0.5, 3.0), rtol=1e-6)
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii"), VOXELS[..., ::-1])


def test_qform_that_contradicts_the_sform_is_told(tmp_path):
    image = nibabel.Nifti1Image(VOXELS, PLACED)
    image.set_sform(PLACED, code=1)
    image.set_qform(np.diag([-1.2, -1.1, 3.0, 1.0]), code=1)
    nibabel.save(image, tmp_path / "a.nii")
    assert read_grid(tmp_path / "a.nii").remarks == (
        "qform and sform turn the voxels in different ways: the sform is taken",
    )


def test_four_dimensions(tmp_path):
    nibabel.save(nibabel.Nifti1Image(VOXELS[..., None], PLACED), tmp_path / "one.nii")
    np.testing.assert_array_equal(read_volume(tmp_path / "one.nii"), VOXELS)
    nibabel.save(nibabel.Nifti1Image(np.stack([VOXELS, -VOXELS], -1), PLACED), tmp_path / "two.nii")
    assert read_grid(tmp_path / "two.nii").volumes == 2
    assert read_slice(tmp_path / "two.nii", 2, 0).shape == (5, 4, 2)
    nibabel.save(nibabel.Nifti1Image(VOXELS[:, :, :, None, None].repeat(2, -1), PLACED), tmp_path / "five.nii")
    assert "found shape (4, 5, 6, 1, 2)" in refusal(read_grid, tmp_path / "five.nii")


def test_every_flipped_bit_of_a_compressed_volume_is_found(tmp_path):
    """Where gzip refuses a stream, so does the reader: nibabel alone stops before the checksum."""
    path = tmp_path / "a.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.random.default_rng(0).integers(0, 4, (6, 5, 4)).astype(np.uint8), PLACED), path)
    whole = path.read_bytes()
    for place in range(10, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        os.utime(path, ns=(place, place))
        try:
            gzip.decompress(damaged)
        except Exception:
            refusal(read_volume, path)


def test_what_unfolds_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.zeros((50, 50, 50), np.uint8), PLACED), path)
    np.save(tmp_path / "a.npy", np.zeros((50, 50, 50), np.uint8))
    with limits.allowing(100_000):
        assert "expected at most 100,000 pixels, found 125,000 (50 x 50 x 50 x 1)" in refusal(read_volume, path)
        assert "state 'limits: {pixels: 125000}'" in refusal(read_volume, tmp_path / "a.npy")
    assert read_volume(path).shape == (50, 50, 50)


def test_stream_that_goes_on_behind_its_voxels_is_refused(tmp_path):
    save(tmp_path / "a.nii")
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress((tmp_path / "a.nii").read_bytes() + bytes(80_000_000), 1))
    assert "found much behind them" in refusal(read_volume, path)


def test_folders_and_pipes_are_no_files(tmp_path):
    (tmp_path / "a.nii").mkdir()
    assert "expected a file, found a folder" in refusal(read_grid, tmp_path / "a.nii")
    os.mkfifo(tmp_path / "b.nii.gz")
    assert "found a pipe, socket or device" in refusal(read_volume, tmp_path / "b.nii.gz")


def test_label_of_a_picture_lies_as_annotation_programs_write_it(tmp_path):
    label = np.arange(30).reshape(5, 6).astype(np.uint8)  # rows, columns
    path = tmp_path / "a.nii.gz"
    nibabel.save(nibabel.Nifti1Image(label.T[..., None], np.diag([-1, -1, 1, 1])), path)
    np.testing.assert_array_equal(read_label(path), label)
    assert read_shape(path) == (5, 6, 1)
    nibabel.save(nibabel.Nifti1Image(label.T[..., None], np.eye(4)), path)
    os.utime(path, ns=(1, 1))
    assert "found axes to R-A-S" in refusal(read_label, path)
    nibabel.save(nibabel.Nifti1Image(VOXELS, np.diag([-1, -1, 1, 1])), path)
    assert "found a volume (4, 5, 6)" in refusal(read_label, path)


def test_labels_that_lie_elsewhere_are_told_why(tmp_path):
    image = save(tmp_path / "image.nii")
    assert common_grid([image, save(tmp_path / "rounded.nii", affine=PLACED * 1.0001)]).shape == VOXELS.shape
    for name, affine, found in (
        ("saved.nii", np.eye(4), "voxels of 1 mm along the body's axes, as a program writes that knows no place"),
        ("other.nii", np.diag([-1.2, 1.1, 3.0, 1.0]), "found another; resample both"),
    ):
        path = save(tmp_path / name, affine=affine)
        assert found in refusal(lambda label: common_grid([image, label]), path)
    path = save(tmp_path / "none.nii", pixdim=[1, 0, 0, 0, 1, 1, 1, 1], sform_code=0)
    assert "one of the two states no voxel size" in refusal(lambda label: common_grid([image, label]), path)
    path = save(tmp_path / "placed.nii", pixdim=[1, 1.2, 1.1, 3, 1, 1, 1, 1], sform_code=0, qform_code=0)
    assert "one of the two states no orientation (sform" in refusal(lambda label: common_grid([image, label]), path)
    np.save(tmp_path / "a.npy", VOXELS)
    found = "found a file that states none, beside one that does"
    assert found in refusal(lambda label: common_grid([image, label]), tmp_path / "a.npy")


def test_slices_share_what_they_have_in_common(tmp_path):
    """Hundreds of thousands of cases must fit beside TensorFlow in a gigabyte; they had 705 bytes each."""
    pixels = np.random.default_rng(0).integers(0, 2, (2, 2, 3000), np.uint8)
    pixels[0, :, :], pixels[1, 0, :] = [[0], [1]], 1
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
        nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), tmp_path / name / "a.nii")
    tracemalloc.start()
    try:
        cases = folder.read(tmp_path).cases
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(cases) == 3000 and size / 3000 < 300
    np.testing.assert_array_equal(cases[7].read_image()[..., 0], cases[7].read_label())
