"""Earlier answers on the same test images are told, by the images' content."""

from __future__ import annotations

from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.earlier import earlier_answers, record


def test_earlier_answers_are_counted_and_named(tmp_path):
    names = ["question-a", "question-b", "elsewhere"]
    for name in names:
        (tmp_path / name).mkdir()
    first, second = settings_of("smoke", ["gan=wgan_gp"]), settings_of("smoke", ["seed=3"])
    record(tmp_path / "question-a", "It helped.", first, ["x", "y", ""])
    assert earlier_answers(tmp_path / "question-a", ["x", "y", ""]) == []
    assert earlier_answers(tmp_path / "question-b", ["z", ""]) == []
    (line,) = earlier_answers(tmp_path / "question-b", ["y", "z"])
    assert line.startswith("Asked before: 1 other answer beside this one comes from some of the same test images")
    assert "question-a (wgan_gp, unet" in line
    record(tmp_path / "question-b", "It hurt.", second, ["y"])
    (tmp_path / "elsewhere" / "answer.json").write_text("[1]")
    (line,) = earlier_answers(tmp_path / "question-c", ["y", "x"])
    assert "2 other answers" in line and "seed 3" in line
