"""Digests as sha256sum writes them, and what has changed since."""

import shutil
import subprocess

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tf_ganaug.cli import main
from tf_ganaug.data.digests import compare_digests, digests, write_digests
from tf_ganaug.errors import InputError


@pytest.fixture
def root(tmp_path):
    for name in ("images/a.png", "images/deep/b c.png", "labels/new\nline.png", "back\\slash", ".hidden/x"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "data"


def test_equal_files_compare_equal_and_sha256sum_agrees(root, tmp_path):
    write_digests(root, tmp_path / "sums")
    compare_digests(root, tmp_path / "sums")
    assert len(digests(root)) == 4
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", tmp_path / "sums"], cwd=root, check=True)
    shutil.copy(tmp_path / "sums", root)
    compare_digests(root, root / "sums")


def test_every_change_is_named(root, tmp_path):
    write_digests(root, tmp_path / "sums")
    (root / "images" / "a.png").write_bytes(b"other")
    (root / "labels" / "new\nline.png").unlink()
    (root / "images" / "z.png").write_bytes(b"z")
    with pytest.raises(InputError) as caught:
        compare_digests(root, tmp_path / "sums")
    found = "found 1 changed (images/a.png); 1 lacking (labels/new line.png); 1 new (images/z.png);"
    assert found in str(caught.value)


def test_what_is_no_list_of_digests(root, tmp_path):
    (tmp_path / "sums").write_text("hello")
    with pytest.raises(InputError, match="lines of a SHA-256 and a file, found hello"):
        compare_digests(root, tmp_path / "sums")


def test_command_compares_first_and_writes_outside(root, tmp_path):
    def check(sums):
        return CliRunner().invoke(main, ["check-data", str(root), "--digests", str(sums), "--out", str(tmp_path / "o")])

    result = check(root / "sums")
    assert result.exit_code == 2 and "--digests: expected a file outside" in result.output
    write_digests(root, tmp_path / "sums")
    (root / "images" / "a.png").write_bytes(b"other")
    result = check(tmp_path / "sums")
    assert result.exit_code == 2 and "1 changed (images/a.png)" in result.output


def test_command_writes_once_all_is_read(tmp_path):
    rng = np.random.default_rng(0)
    for part, most in (("images", 255), ("labels", 2)):
        (tmp_path / "data" / part).mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, most, (16, 16)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / part / f"p{number}.png")
    arguments = ["check-data", tmp_path / "data", "--digests", tmp_path / "sums", "--out", tmp_path / "o"]
    for _ in range(2):
        result = CliRunner().invoke(main, [*map(str, arguments)])
        assert result.exit_code == 0, result.output
    assert len((tmp_path / "sums").read_text().splitlines()) == 6
