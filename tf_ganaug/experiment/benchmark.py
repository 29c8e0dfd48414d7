"""What the pieces cost on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import tensorflow as tf

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import sized_cases
from tf_ganaug.data.embedded import chest
from tf_ganaug.data.pipeline import RealPairs, training_batches
from tf_ganaug.experiment.run import peak_memory
from tf_ganaug.gans.synthesizer import Provenance, Synthesizer
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.segment.train import Segmenter

STANDARD = Augmentation(shift=0.05, scale=0.05, translation=10.0, elastic=10.0)


def measure(size: int, dim: int, filters: int, batch: int, channels: int) -> dict[str, float | int | str]:
    """Seconds per step and minibatches per second, by name.

    The pipeline is measured alone, with nothing trained beside it. `mixed over real` is its speed
    with half of each minibatch generated, once the generator's own forward time is taken off, over
    that with real pairs only; at most 1, which it is where the pipeline hides its work behind the
    generator's.
    """
    figures: dict[str, float | int | str] = {
        "TensorFlow": tf.__version__,
        "size": size,
        "dim": dim,
        "filters": filters,
        "batch": batch,
        "channels": channels,
    }
    figures.update(_gan_steps(size, dim, batch, channels))
    figures.update(_unet_step(size, filters, batch))
    figures.update(_pipeline(size, dim, batch))
    return {**figures, "peak memory [GB]": peak_memory()}


def _median(call: Callable[[], object], calls: int, warm: int = 3) -> float:
    """Median seconds of a call, after some that trace and warm up."""
    for _ in range(warm):
        call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _gan_steps(size: int, dim: int, batch: int, channels: int) -> dict[str, float]:
    generator = dcgan.generator(size, size, channels, dim)
    gan = WganGp(generator, dcgan.critic(size, size, channels, dim), batch, 1e-4, 0.5, 0.9, 10.0, seed=0)
    reals = tf.random.stateless_uniform((batch, size, size, channels), (0, 0), -1.0, 1.0)
    step = tf.constant(1, tf.int64)
    critic = _median(lambda: gan.critic_step(reals, step)["wasserstein"].numpy(), 12)
    single = _median(lambda: gan.generator_step(step)["generator_loss"].numpy(), 12)
    return {
        "critic step [s]": critic,
        "generator step [s]": single,
        "WGAN-GP iteration, 5 critic steps [s]": 5 * critic + single,
    }


def _unet_step(size: int, filters: int, batch: int) -> dict[str, float]:
    segmenter = Segmenter(neff_unet(size, size, 1, 2, 3, filters), 1e-4, 0.5, 0.9, False)
    images = tf.random.stateless_uniform((batch, size, size, 1), (0, 0), -1.0, 1.0)
    labels = tf.cast(images[..., 0] > 0, tf.uint8)
    return {"U-Net step [s]": _median(lambda: segmenter.train_step(images, labels).numpy(), 12)}


def _pipeline(size: int, dim: int, batch: int) -> dict[str, float]:
    dataset = chest.read(64, size, target=1)
    with TemporaryDirectory() as place:
        pairs = RealPairs(sized_cases(dataset, size, size, (0, 100), Path(place)), dataset.cases)
    generator = dcgan.generator(size, size, 2, dim)
    nothing = Provenance("benchmark", True, (), (), "uint8", 0.0, 255.0, (1.0, 1.0))
    synthesizer = Synthesizer.from_generator(generator, dataset.spec, nothing)
    half = batch // 2

    def seconds(real: int, generated: int, augmentation: Augmentation) -> float:
        batches = training_batches(pairs, real, generated, synthesizer.pairs, synthesizer.latent_size, augmentation, 0)
        iterator = iter(batches)
        rounds = 40
        return _median(lambda: [next(iterator) for _ in range(rounds)], 5, warm=1) / rounds

    latents = tf.random.stateless_normal((half, synthesizer.latent_size), (0, 0))
    forward = _median(lambda: synthesizer.pairs(latents)[0].numpy(), 40)
    plain, mixed = seconds(batch, 0, Augmentation()), seconds(batch - half, half, Augmentation())
    plain_augmented, mixed_augmented = seconds(batch, 0, STANDARD), seconds(batch - half, half, STANDARD)
    return {
        "generator forward, half a minibatch [s]": forward,
        "pipeline, real [images/s]": batch / plain,
        "pipeline, mixed [images/s]": batch / mixed,
        "pipeline, real, augmented [images/s]": batch / plain_augmented,
        "pipeline, mixed, augmented [images/s]": batch / mixed_augmented,
        "mixed over real, less the forward time": _share(plain, mixed - forward),
        "mixed over real, augmented, less the forward time": _share(plain_augmented, mixed_augmented - forward),
    }


def _share(real: float, mixed: float) -> float:
    return real / max(real, mixed)
