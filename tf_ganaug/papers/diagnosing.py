"""What the generators of a paper's experiment are, in words: made once, in their run folders, and for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tf_ganaug.errors import InputError
from tf_ganaug.experiment import diagnosed
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.experiment.study import Study
from tf_ganaug.quality.diagnosis import SWD_IMAGES, Judge, Sets, diagnose
from tf_ganaug.quality.features import unlearned
from tf_ganaug.random import named_seed


def sections(study: Study) -> list[Section]:
    """A section for each finished generator of the study."""
    return [Section(f"Generator {name}", list(_told(study, name, sets))) for name, sets in study.made_pairs()]


def _told(study: Study, name: str, sets: Callable[[], Sets]) -> Iterator[str | Table | Figure]:
    place = study.folder / name
    try:
        found = diagnosed.read_with_pictures(place)
        if found is None:
            compared = sets()
            judge = Judge("a network that learned nothing", unlearned(compared.generated.images.shape[-1]))
            seed = named_seed(study.settings.seed, f"diagnosis-{name}")
            found, seen = diagnose(compared, judge, seed, min(SWD_IMAGES, len(compared.generated.rows)))
            diagnosed.write(place, found, seen)
    except InputError as error:
        yield f"No diagnosis: {error}."
    else:
        yield from diagnosed.parts(found, place)
