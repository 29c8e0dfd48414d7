"""Tables 1 to 3 of Karki et al. 2020 as printed: their arms and shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    """What a subset's slices are trained with, a row of Tables 1 and 2.

    Attributes:
        name: as printed.
        generated: whether the subset's pix2pix adds an image of every mask.
        traditional: whether a traditionally augmented copy of every slice is added.
        dice: printed in Table 1 for 2.5, 10 and 25 %.
        precision: printed in Table 2, likewise.
        recall: likewise.
        classes: printed in Table 3, a row of `CLASSES` for each share.
    """

    name: str
    generated: bool
    traditional: bool
    dice: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    classes: tuple[tuple[float, ...], ...]

    def column(self, share: float) -> int | None:
        """Of a share in the printed numbers; None where the paper prints none, as of augmentation at 100 %."""
        if self is ENTIRE:
            return 0
        return SHARES.index(share) if share in SHARES else None


#: The paper's shares of the patients, and Table 3's columns.
SHARES, CLASSES = (0.025, 0.1, 0.25), ("IPH", "IVH", "EDH", "SDH", "SAH", "Mean")

ARMS = (
    Arm(
        "Selected (original)",
        False,
        False,
        (0.244, 0.478, 0.565),
        (0.408, 0.695, 0.809),
        (0.360, 0.681, 0.747),
        (
            (0.772, 0.186, 0.424, 0.558, 0.246, 0.427),
            (0.809, 0.682, 0.716, 0.690, 0.629, 0.705),
            (0.829, 0.737, 0.811, 0.767, 0.654, 0.760),
        ),
    ),
    Arm(
        "+ GAN generated",
        True,
        False,
        (0.323, 0.489, 0.571),
        (0.519, 0.719, 0.810),
        (0.479, 0.684, 0.757),
        (
            (0.773, 0.513, 0.672, 0.602, 0.456, 0.603),
            (0.816, 0.685, 0.738, 0.691, 0.630, 0.712),
            (0.832, 0.748, 0.832, 0.766, 0.652, 0.766),
        ),
    ),
    Arm(
        "+ traditional aug.",
        False,
        True,
        (0.352, 0.529, 0.580),
        (0.549, 0.762, 0.834),
        (0.502, 0.724, 0.763),
        (
            (0.782, 0.553, 0.612, 0.635, 0.481, 0.613),
            (0.818, 0.702, 0.768, 0.737, 0.645, 0.734),
            (0.828, 0.737, 0.837, 0.781, 0.652, 0.767),
        ),
    ),
    Arm(
        "+ both",
        True,
        True,
        (0.371, 0.538, 0.581),
        (0.607, 0.766, 0.844),
        (0.540, 0.737, 0.777),
        (
            (0.777, 0.517, 0.708, 0.642, 0.529, 0.635),
            (0.821, 0.715, 0.775, 0.752, 0.636, 0.740),
            (0.832, 0.750, 0.837, 0.780, 0.653, 0.771),
        ),
    ),
)

#: The entire data set without augmentation: Table 1, Table 2, and Table 3's row.
ENTIRE = Arm(
    "Entire data set", False, False, (0.628,), (0.850,), (0.802,), ((0.842, 0.760, 0.872, 0.817, 0.657, 0.789),)
)


def cells(shares: Sequence[float]) -> list[tuple[float, Arm]]:
    """Share and arm of every cell of the tables, the entire data set without augmentation among them."""
    return [(share, arm_at(share, arm)) for share in dict.fromkeys(shares) for arm in ARMS] + (
        [] if 1.0 in shares else [(1.0, ENTIRE)]
    )


def arm_at(share: float, arm: Arm) -> Arm:
    """The arm of a share whose slices are all of them: there the first is the entire data set."""
    return ENTIRE if share == 1.0 and arm is ARMS[0] else arm
