"""Names, stored ids and colours of brain tumour slices, and their views with fewer classes.

Foroozandeh and Eklund (2020): the four classes of BraTS and three tissues (section 2), fewer classes by
taking the others as background (section 3.1), colours of Figure 1. BraTS stores enhancing tumour as 4;
here it is 3, so that the ids are without a gap, as the paper's range [0, 6] needs.
"""

from __future__ import annotations

from tf_ganaug.data.cases import LabelClass, LabelSpec

#: Stored ids.
BACKGROUND, NECROTIC, OEDEMA, ENHANCING, WHITE_MATTER, GREY_MATTER, CSF = range(7)

_TUMOUR = (
    LabelClass("necrotic core", (NECROTIC,), (255, 0, 0)),
    LabelClass("oedema", (OEDEMA,), (255, 255, 0)),
    LabelClass("enhancing tumour", (ENHANCING,), (255, 165, 0)),
)

_TISSUES = (
    LabelClass("white matter", (WHITE_MATTER,), (255, 255, 255)),
    LabelClass("grey matter", (GREY_MATTER,), (128, 128, 128)),
    LabelClass("CSF", (CSF,), (0, 0, 255)),
)

_NO_TUMOUR = LabelClass("background", (BACKGROUND, WHITE_MATTER, GREY_MATTER, CSF), (0, 0, 0))

#: Background, tumour and tissues.
SEVEN = LabelSpec((LabelClass("background", (BACKGROUND,), (0, 0, 0)), *_TUMOUR, *_TISSUES))

#: The classes of BraTS; the tissues are background.
FOUR = LabelSpec((_NO_TUMOUR, *_TUMOUR))

_WHOLE = LabelClass("tumour", (NECROTIC, OEDEMA, ENHANCING), (255, 255, 255))

#: One within the other, so that a soft edge in one grey channel passes through no third class.
THREE = LabelSpec(
    (
        LabelClass("background", (BACKGROUND,), (0, 0, 0)),
        LabelClass("brain", (WHITE_MATTER, GREY_MATTER, CSF), (128, 128, 128)),
        _WHOLE,
    )
)

#: Tumour or not.
TWO = LabelSpec((_NO_TUMOUR, _WHOLE))
