"""Whether left and right differ in a data set, so that a mirrored image would be none of it."""

from __future__ import annotations

import re

from tf_ganaug.data.cases import Dataset, LabelSpec

#: Words in the names of classes that lie on one side of the body, or name a side.
_SIDED = re.compile(
    r"(?<![a-z0-9])(left|right|lt|rt|[lr]|links?|rechts?|heart|cardiac|atrium|atria|aorta|liver|hepatic"
    r"|spleen|stomach|pancreas|gall ?bladder|duodenum|colon|caecum|appendix|vena cava)(?![a-z0-9])"
)


def sided(spec: LabelSpec) -> list[str]:
    """The classes whose names say that left and right differ."""
    return [name for name in spec.names if _SIDED.search(re.sub(r"[_\-.]", " ", name.lower()))]


def mirrors(dataset: Dataset) -> bool:
    """Whether mirrored images may be shown: as dataset.yaml says, else unless the name of a class has a side."""
    return not sided(dataset.spec) if dataset.mirror is None else dataset.mirror
