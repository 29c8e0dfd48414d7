"""Foroozandeh and Eklund 2020: a progressive GAN draws label maps, and SPADE paints them as MR.

"Synthesizing brain tumor images and annotations by combining progressive growing GAN and SPADE".
"""

from tf_ganaug.papers.experiments import Experiment

#: "reduced" is the 2-class column of the reduced rows, which "table1" has too.
PARTS = ("table1", "reduced", "slices", "maps", "pairs", "predictions")

EXPERIMENTS = (
    Experiment(
        "foroozandeh2020",
        "brats",
        "Foroozandeh and Eklund 2020: Table 1 and Figures 1 to 10.",
        "foroozandeh2020",
        PARTS,
        {"paper": ("table1", *PARTS[2:]), "quick": PARTS[1:], "smoke": PARTS[1:]},
        ("data.subjects=20", "data.slices=4"),
    ),
)
