"""Liu et al. 2019: a pix2pixHD paints recombined label maps, in which rare classes are raised, for PSPNet.

"Pixel Level Data Augmentation for Semantic Image Segmentation using Generative Adversarial Networks".
"""

from tf_ganaug.papers.experiments import Experiment

#: All but "distribution" train their method beside the baseline.
PARTS = ("distribution", "single", "several", "reconstruction", "style", "ratio")

EXPERIMENTS = (
    Experiment(
        "liu2019",
        "cityscapes",
        "Liu et al. 2019: Tables 1 and 2, Figures 2 to 8.",
        "liu2019",
        PARTS,
        {"paper": PARTS} | dict.fromkeys(("quick", "smoke"), ("distribution", "single", "reconstruction")),
        ("data.subjects=48",),
    ),
)
