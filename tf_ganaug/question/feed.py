"""The minibatches of a segmenter, and how many it takes to see each real image as often as without generated pairs."""

from __future__ import annotations

from dataclasses import dataclass

from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import Minibatches, PairChange, joined_batches, one_after_the_other, real_batches
from tf_ganaug.question.settings import Settings


@dataclass(frozen=True)
class Feed:
    """What a segmenter is shown.

    Attributes:
        minibatches: one for each iteration.
        iterations: of the training.
        real_share: of all images shown that are real.
    """

    minibatches: Minibatches
    iterations: int
    real_share: float


def real_feed(settings: Settings, real: Pairs, seed: int, change: PairChange | None) -> Feed:
    """Real pairs alone."""
    t = settings.training
    return Feed(real_batches(real, t.batch, seed, change), t.iterations, 1.0)


def mixed_feed(settings: Settings, real: Part, made: Part, seed: int, change: PairChange | None) -> Feed:
    """Real and generated pairs, mixed as the settings say."""
    batch = settings.training.batch
    share = real_share(settings, len(made.rows) / len(real.rows))
    iterations = iterations_of(settings, share)
    if settings.mix == "add":
        return Feed(real_batches(Pairs([real, made]), batch, seed, change), iterations, share)
    own, pool = Pairs([real]), Pairs([made])
    if settings.mix == "pretrain":
        return Feed(one_after_the_other(pool, own, iterations // 2, batch, seed, change), iterations, share)
    kept = round(share * batch)
    return Feed(joined_batches([(own, kept), (pool, batch - kept)], seed, change), iterations, share)


def real_share(settings: Settings, amount: float) -> float:
    """The share of real images among all that an arm with generated pairs is shown.

    Args:
        settings: with the mix.
        amount: generated pairs for each real one.
    """
    if settings.mix == "pretrain":
        return 0.5
    if settings.mix == "add":
        return 1 / (1 + amount)
    batch = settings.training.batch
    generated = min(batch - 1, max(1, round(batch * settings.pool.amount / (1 + settings.pool.amount))))
    return (batch - generated) / batch


def iterations_of(settings: Settings, share: float) -> int:
    """So many that each real image is seen as often as in the arms of real images, or as many as those."""
    t = settings.training
    return t.iterations if t.equal_steps else round(t.iterations / share)
