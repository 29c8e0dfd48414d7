"""Folders that know what made them, and let one process in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.files import claim_options, locked, replacing, replacing_folder, write_text


def test_other_options_are_refused_with_the_difference(tmp_path):
    claim_options(tmp_path, {"gan": {"dim": 4, "batch": 8}, "seed": 1})
    claim_options(tmp_path, {"gan": {"dim": 4, "batch": 8}, "seed": 1})
    with pytest.raises(InputError) as error:
        claim_options(tmp_path, {"gan": {"dim": 5, "batch": 8}})
    assert "gan.dim = 4 there, 5 asked" in str(error.value)
    assert "seed = 1 there, absent asked" in str(error.value)
    assert "batch" not in str(error.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "options.json")
    with pytest.raises(InputError, match="expected a file, found a folder, pipe or device"):
        claim_options(tmp_path, {})


def test_a_second_process_is_refused(tmp_path):
    script = (
        "import sys; from pathlib import Path; from tf_ganaug.files import locked\nwith locked(Path(sys.argv[1])): pass"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with locked(tmp_path):
        held = subprocess.run(command, capture_output=True, text=True, check=False)
    assert held.returncode != 0
    assert "no other process" in held.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_planted_link_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    planted = tmp_path / f".options.json.{os.getpid()}.part.json"
    planted.symlink_to(victim)
    with replacing(tmp_path / "options.json") as temporary:
        assert temporary != planted and not temporary.is_symlink() and temporary.exists()
        temporary.write_text("{}")
    assert victim.read_text() == "mine" and (tmp_path / "options.json").read_text() == "{}"


def test_files_are_on_the_disk_before_they_take_their_name(tmp_path, monkeypatch):
    calls = []

    def traced(name):
        real = getattr(os, name)
        return lambda *arguments: (calls.append(name), real(*arguments))[1]

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, traced(name))
    write_text(tmp_path / "a.txt", "a")
    assert calls == ["fsync", "replace", "fsync"]
    calls.clear()
    with replacing_folder(tmp_path / "pool") as folder:
        (folder / "a").write_text("a")
        (folder / "b").write_text("b")
    assert calls == ["fsync"] * 3 + ["replace", "fsync"]
    assert sorted(path.name for path in (tmp_path / "pool").iterdir()) == ["a", "b"]


def test_what_a_failed_block_leaves_is_nothing(tmp_path):
    for context in (replacing, replacing_folder):
        with pytest.raises(ZeroDivisionError), context(tmp_path / "out"):
            _ = 1 / 0
    assert not list(tmp_path.iterdir())


def test_leftovers_of_killed_processes_go_at_the_next_start(tmp_path):
    gone = [".images.npy.4711.part.npy", ".reals.png.0123456789abcdef.part.png", ".probe.4711", ".a.b.0f.part"]
    kept = ["images.npy", "notes.part", "ckpt-4.index"]
    run = tmp_path / "gan-fold0"
    for place in (tmp_path, run):
        (place / "checkpoints" / "ckpt-4_temp").mkdir(parents=True)
        (place / "checkpoints" / "ckpt-4_temp" / "part-00000-of-00001.index").write_text("half")
        for name in (*gone, *kept):
            (place / name).write_text("x")
    busy = tmp_path / "busy"
    busy.mkdir()
    with locked(busy):
        (busy / gone[0]).write_text("at work")
        with locked(tmp_path):
            pass
        assert (busy / gone[0]).exists(), "another process is writing it"
    for place in (tmp_path, run):
        assert {path.name for path in place.iterdir() if path.is_file()} - {".lock"} == set(kept)
        assert not list((place / "checkpoints").iterdir())
    with locked(tmp_path):
        pass
    assert not (busy / gone[0]).exists()


def test_a_killed_pool_is_removed_by_the_next_of_its_name_and_a_living_one_kept(tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from tf_ganaug.files import replacing_folder\n"
        "with replacing_folder(Path(sys.argv[1])) as folder:\n (folder / 'a').touch()\n os._exit(9)"
    )
    pool = tmp_path / "pool [1]"
    assert subprocess.run([sys.executable, "-c", script, str(pool)], check=False).returncode == 9
    (left,) = tmp_path.iterdir()
    with replacing_folder(pool) as first:
        assert not left.exists()
        with replacing_folder(pool) as second:
            assert first.exists() and second.exists() and first != second
    assert [path.name for path in tmp_path.iterdir()] == [pool.name]


def test_of_two_that_make_one_folder_the_first_to_end_has_it(tmp_path):
    late = pytest.raises(InputError, match="found one that another command made meanwhile")
    with late, replacing_folder(tmp_path / "pool") as first:
        (first / "first").touch()
        with replacing_folder(tmp_path / "pool") as second:
            (second / "second").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["pool", "second"]
