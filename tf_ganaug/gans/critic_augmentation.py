"""Augmentation of all that a critic or discriminator sees, real and generated, for few images (docs/few-images.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

from tf_ganaug import replicas
from tf_ganaug.compiled import graph_function
from tf_ganaug.gans.critic_changes import NUMBERS, changed
from tf_ganaug.random import fold, seed_weight
from tf_ganaug.steps import Share

#: Karras 2020: the mean sign that the strength is steered to, the minibatches between two of its moves, and where
#: changes begin to be seen in what is generated.
TARGET, EVERY, MOST = 0.6, 4, 0.8

#: The strength moves by one in no less than this share of the training; Karras 2020: 500 thousand of 25 million images.
PACE = 0.1

#: From pairs (N, H, W, C) to such.
Change = Callable[[tf.Tensor], tf.Tensor]


def unchanged(pairs: tf.Tensor) -> tf.Tensor:
    """The pairs as they are."""
    return pairs


class CriticAugmentation(tf.Module):
    """How pairs are changed before a critic sees them, and how strongly.

    `diff` makes every change of `critic_changes` to every pair. `adaptive` makes each with a probability, the strength:
    it rises while the mean sign of (score of a real pair - boundary) is above `TARGET`, that is while nearly all
    real pairs are told from generated ones, and falls otherwise.

    Args:
        kind: none, diff or adaptive.
        seed: of all draws.
        colours: channels of the image, the first of every pair.
        mirror: whether pairs may be mirrored.
        images: real ones that the training shows, counted as often as they are.
    """

    def __init__(self, kind: str = "none", seed: int = 0, colours: int = 0, mirror: bool = False, images: int = 1):
        super().__init__()
        self.active, self.adaptive = kind != "none", kind == "adaptive"
        self.seed, self.colours, self.mirror = seed_weight(seed), colours, mirror
        self.pace = tf.Variable(1.0 / (PACE * images), trainable=False, name="augment_pace")
        self.strength: float | tf.Variable = 1.0
        if self.adaptive:
            self.strength, self.signs, self.images, self.minibatches = (
                tf.Variable(0.0, trainable=False, name=f"augment_{name}")
                for name in ("strength", "signs", "images", "minibatches")
            )

    def parts(self) -> dict[str, tf.Module]:
        """What it adds to a checkpoint."""
        return {"augmentation": self} if self.active else {}

    def drawn(self, share: Share, count: int | tf.Tensor, step: int | tf.Tensor, stream: int) -> Change:
        """The change of some pairs of a minibatch of `count`, a function of seed, step, stream and strength."""
        if not self.active:
            return unchanged
        numbers = share.rows(tf.random.stateless_uniform((count, NUMBERS), fold(self.seed, step, stream)))
        return lambda pairs: changed(pairs, numbers, self.strength, self.colours, self.mirror)

    def paired(self, change: Change, condition: tf.Tensor, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """A painter's conditions (N, H, W, channels) and images (N, H, W, C), changed together."""
        if not self.active:
            return condition, images
        both = change(tf.concat([images, condition], -1))
        return both[..., self.colours :], both[..., : self.colours]

    def sign(self, real: tf.Tensor, fake: tf.Tensor, boundary: float | None = None) -> dict[str, tf.Tensor]:
        """The term that `follow` takes: the mean sign of (score of a real pair - boundary).

        Args:
            real: scores of real pairs, of any shape.
            fake: of generated ones.
            boundary: the score between both; None, of a critic whose scores have no zero of their own: half-way
                between the mean scores.
        """
        if not self.adaptive:
            return {}
        if boundary is None:
            boundary = replicas.mean(0.5 * (tf.reduce_mean(real) + tf.reduce_mean(fake)))
        return {"augment_sign": tf.reduce_mean(tf.sign(real - boundary))}

    def follow(self, terms: Mapping[str, tf.Tensor], images: int) -> dict[str, tf.Tensor]:
        """After a critic's step on so many real pairs: moves the strength, and adds it to the step's terms."""
        if not self.adaptive:
            return dict(terms)
        return {**terms, "augment_strength": self._follow(terms["augment_sign"], tf.constant(images, tf.float32))}

    @graph_function
    def _follow(self, sign: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        self.signs.assign_add(sign)
        self.images.assign_add(images)
        self.minibatches.assign_add(1.0)
        due = self.minibatches >= EVERY
        move = tf.sign(self.signs / self.minibatches - TARGET) * self.images * self.pace
        self.strength.assign(tf.where(due, tf.clip_by_value(self.strength + move, 0.0, MOST), self.strength))
        for variable in (self.signs, self.images, self.minibatches):
            variable.assign(tf.where(due, 0.0, variable))
        return tf.identity(self.strength)
