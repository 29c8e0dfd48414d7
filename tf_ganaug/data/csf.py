"""The three classes of cerebrospinal fluid of Bowles (2018), section 2: names, stored ids, colours of Figure 1."""

from __future__ import annotations

from tf_ganaug.data.cases import LabelClass, LabelSpec

#: Stored ids.
BACKGROUND, CORTICAL, BRAIN_STEM, VENTRICULAR = range(4)

#: Background and the three classes.
THREE = LabelSpec(
    (
        LabelClass("background", (BACKGROUND,), (0, 0, 0)),
        LabelClass("cortical CSF", (CORTICAL,), (255, 0, 0)),
        LabelClass("brain stem CSF", (BRAIN_STEM,), (0, 255, 0)),
        LabelClass("ventricular CSF", (VENTRICULAR,), (0, 0, 255)),
    )
)
