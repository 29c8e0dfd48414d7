"""Neff et al. 2018: a WGAN-GP makes images and masks together, on the fly, for U-Nets.

"Generative Adversarial Networks to Synthetically Augment Data for Deep Learning based Image Segmentation".
"""

from tf_ganaug.papers.experiments import Experiment

LUNG = ("table1", "table2", "figure2", "figure3")
CITYSCAPES = ("table3", "table4", "figure4", "figure5", "samples")

#: Tables I and III, the searches, cost nine and five more trainings: made by quick and smoke only when asked for.
EXPERIMENTS = (
    Experiment(
        "neff2018",
        "lung",
        "Neff et al. 2018, lung experiment: Tables I and II, Figures 2 and 3.",
        "neff2018",
        LUNG,
        {"paper": LUNG, "quick": LUNG[1:], "smoke": LUNG[1:]},
        ("data.subjects=24",),
    ),
    Experiment(
        "neff2018",
        "cityscapes",
        "Neff et al. 2018, Cityscapes experiment (V.B): Tables III and IV, Figures 4 and 5.",
        "neff2018-cityscapes",
        CITYSCAPES,
        {"paper": CITYSCAPES, "quick": CITYSCAPES[1:], "smoke": CITYSCAPES[1:]},
        ("data.subjects=24",),
    ),
)
