"""What label values may be that are no classes: the soft edge of a mask, a number for each object, a background."""

from __future__ import annotations

from tf_ganaug.data.listing import listed
from tf_ganaug.data.survey import Survey

#: Share of the values between the smallest and the largest that lie on edges, from which a mask was smoothed.
_ON_EDGES = 0.9

#: Objects in the fullest label, from which values may be numbers of objects: without gaps, and with some left out.
_OBJECTS, _GAPPED = 4, 10


def hints(survey: Survey) -> list[str]:
    """Doubts about unnamed values, about a class of id 0, and about names that look alike."""
    spec, values = survey.spec, [int(value) for value in survey.pixels.columns]
    if survey.named:
        names = [name for name in spec.names if sum(name.lower() == other.lower() for other in spec.names) > 1]
        cased = [f"classes {listed(names)} differ in upper and lower case alone: perhaps they are one"] if names else []
        zero = [c.name for number, c in enumerate(spec.classes) if 0 in c.ids and number != spec.background]
        remedy = "if it is the background, name it 'background', which is not measured"
        return cased + [f"id 0 is the class '{name}', measured as others: {remedy}" for name in zero]
    found = []
    on_edges = survey.facts["on_edges"].dropna()
    if len(on_edges) and on_edges.median() >= _ON_EDGES and values[-1] >= 2 * len(values):
        found.append(
            f"label values between {values[0]} and {values[-1]} lie on the edges of objects: perhaps a mask was "
            "smoothed or resized, and its two values alone are classes"
        )
    drawn = survey.pixels.drop(columns=0, errors="ignore") > 0
    counts, largest = drawn.sum(axis=1), drawn.mul(drawn.columns).max(axis=1)
    alone = (counts == survey.facts["areas"].reindex(counts.index)).all()
    fewest = _OBJECTS if (counts == largest).all() else _GAPPED
    if alone and counts.nunique() > 1 and counts.max() >= fewest:
        found.append(
            f"each label value is one area of its label, of {int(counts.max())} at most: perhaps values are numbers of "
            "objects (instances); store one class for all of them"
        )
    return found
