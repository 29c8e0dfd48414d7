"""Karki et al. 2020: a pix2pix paints lesion masks as head CT, candidates chosen by quality, for FCN-8s.

"Lesion Conditional Image Generation for Improved Segmentation of Intracranial Hemorrhage from CT Images".
"""

from tf_ganaug.papers.experiments import Experiment

PARTS = ("table1", "table2", "table3", "quality", "figure5", "figure6", "figure7")

EXPERIMENTS = (
    Experiment(
        "karki2020",
        "haemorrhage",
        "Karki et al. 2020: Tables 1 to 3 and Figures 5 to 7.",
        "karki2020",
        PARTS,
        dict.fromkeys(("paper", "quick", "smoke"), PARTS),
        ("data.subjects=20", "data.slices=4"),
    ),
)
