"""The order of the rooms: no import goes upwards, and none goes round."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tf_ganaug"

#: The floors of the house, the lowest first; rooms of one floor know nothing of each other.
FLOORS = (
    ("errors",),
    ("random", "files", "weight_files", "backend", "compiled", "reuse", "hardware"),
    ("run", "metrics", "frames", "replicas"),
    ("data", "checkpoints", "steps"),
    ("augment", "models"),
    ("gans", "segment"),
    ("quality",),
    ("golden", "experiment"),
    ("generators",),
    ("papers", "question"),
    ("doctor", "api"),
    ("commands",),
    ("cli",),
    ("__main__",),
)

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def module_of(path: Path, package: Path) -> str:
    """Its dotted name; a folder's own file bears the folder's."""
    names = [package.name, *path.relative_to(package).with_suffix("").parts]
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def imports(package: Path) -> dict[str, set[str]]:
    """Every module with the modules of the package that it imports, anywhere in its text."""
    modules = {module_of(path, package): path for path in sorted(package.rglob("*.py"))}
    found = {name: set() for name in modules}
    for name, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                targets = [f"{node.module}.{alias.name}" for alias in node.names]
                found[name] |= {target if target in modules else node.module for target in targets}
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names}
        found[name] = {target for target in found[name] if target in modules}
    return found


def room_of(module: str) -> str:
    """The folder or file in the package that holds a module."""
    return module.split(".")[1] if "." in module else ""


def paper_of(module: str, package: Path) -> str:
    """The paper's folder that holds a module; of any other module nothing."""
    names = module.split(".")
    return names[2] if names[1:2] == ["papers"] and (package / "/".join(names[1:3])).is_dir() and names[2:] else ""


def wrong_arrows(package: Path) -> list[str]:
    """Imports of a higher floor, of another room of the same floor, or of one paper by another."""
    wrong = []
    for module, targets in imports(package).items():
        for target in targets:
            here, there = room_of(module), room_of(target)
            if not here or not there:
                continue  # the package itself, which holds the version alone
            mine, theirs = paper_of(module, package), paper_of(target, package)
            apart = bool(mine and theirs) and mine != theirs
            if apart or (here != there and FLOOR_OF[there] >= FLOOR_OF[here]):
                wrong.append(f"{module} imports {target}")
    return wrong


def circle(package: Path) -> list[str]:
    """Modules that import each other, in order; empty where there are none."""
    try:
        TopologicalSorter(imports(package)).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_arrow_goes_upwards():
    assert set(map(room_of, imports(PACKAGE))) - {""} == set(FLOOR_OF)
    assert wrong_arrows(PACKAGE) == []


def test_no_circle():
    assert circle(PACKAGE) == []


@pytest.mark.parametrize(
    ("module", "line", "named"),
    [
        ("data/cases.py", "from tf_ganaug.augment import standard", "data.cases imports tf_ganaug.augment.standard"),
        ("gans/train.py", "import tf_ganaug.segment.train", "gans.train imports tf_ganaug.segment.train"),
        ("golden/__main__.py", "import tf_ganaug.commands.golden", "__main__ imports tf_ganaug.commands.golden"),
        ("papers/liu2019/study.py", "from tf_ganaug.papers.neff2018 import LUNG", "imports tf_ganaug.papers.neff2018"),
        (
            "papers/liu2019/study.py",
            "def late():\n    from tf_ganaug.papers.karki2020.study import LesionStudy",
            "liu2019.study imports tf_ganaug.papers.karki2020.study",
        ),
    ],
)
def test_a_wrong_arrow_is_named(tmp_path, module, line, named):
    for path in PACKAGE.rglob("*.py"):
        copy = tmp_path / PACKAGE.name / path.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    with (tmp_path / PACKAGE.name / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    (found,) = wrong_arrows(tmp_path / PACKAGE.name)
    assert found.endswith(named)


def test_a_circle_is_named(tmp_path):
    for name, text in {"__init__": "", "a": "from tf_ganaug import b", "b": "from tf_ganaug.a import x"}.items():
        (tmp_path / "tf_ganaug").mkdir(exist_ok=True)
        (tmp_path / "tf_ganaug" / f"{name}.py").write_text(text)
    assert {"tf_ganaug.a", "tf_ganaug.b"} <= set(circle(tmp_path / "tf_ganaug"))


def test_the_drawing_has_every_room_on_its_floor():
    """Of docs/architecture.md: the rooms at the left of the drawing, the highest floor first."""
    page = (PACKAGE.parent / "docs/architecture.md").read_text(encoding="utf-8")
    drawing = page.split("## The rooms")[1].split("```")[1]
    lines = {word: number for number, line in enumerate(drawing.splitlines()) for word in re.findall(r"\w+", line[:60])}
    assert set(FLOOR_OF) - {"__main__"} <= set(lines)
    drawn = [[lines[room] for room in rooms] for rooms in FLOORS[:-1]]
    assert all(max(higher) < min(lower) for lower, higher in zip(drawn, drawn[1:]))
