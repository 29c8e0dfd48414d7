"""Bowles et al. 2018: a progressive GAN makes patches with labels, added to few data, for three segmenters.

"GAN Augmentation: Augmenting Training Data using Generative Adversarial Networks".
"""

from tf_ganaug.papers.experiments import Experiment

CSF = ("table2", "table3", "figure1", "figure2")
WMH = ("table4", "figure1", "figure3")
FEW = ("data.subjects=12", "data.slices=4")

EXPERIMENTS = (
    Experiment(
        "bowles2018",
        "csf",
        "Bowles et al. 2018, CSF on CT: Tables 1 to 3, Figures 1 and 2.",
        "bowles2018",
        CSF,
        {"paper": CSF} | dict.fromkeys(("quick", "smoke"), ("table2", "figure1")),
        FEW,
    ),
    Experiment(
        "bowles2018",
        "wmh",
        "Bowles et al. 2018, white matter hyperintensities on FLAIR: Tables 1 and 4, Figures 1 and 3.",
        "bowles2018-wmh",
        WMH,
        dict.fromkeys(("paper", "quick", "smoke"), WMH),
        FEW,
    ),
)
