"""The five types of intracranial haemorrhage: names, stored ids and colours, in the order of Karki (2020), Table 3."""

from __future__ import annotations

from tf_ganaug.data.cases import LabelSpec

#: Stored ids: within the brain, within the ventricles, above the dura, below it, below the arachnoid.
BACKGROUND, IPH, IVH, EDH, SDH, SAH = range(6)

#: Background and the five types.
FIVE = LabelSpec.from_names({BACKGROUND: "background", IPH: "IPH", IVH: "IVH", EDH: "EDH", SDH: "SDH", SAH: "SAH"})
