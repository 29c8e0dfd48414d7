"""A trained generator of (image, label) pairs, as one folder that runs without this package."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import __version__, backend
from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cases import LabelClass, LabelSpec
from tf_ganaug.data.pipeline import generator_device
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.files import read_json, replacing_folder, write_text
from tf_ganaug.gans.joint import JointLayout
from tf_ganaug.gans.model_files import METADATA, digests_of, model_folder, require_ours
from tf_ganaug.models.layers import BatchStatisticsNorm
from tf_ganaug.random import fold

#: From latents (N, latent size) to images (N, H, W, C) in [-1, 1] and labels (N, H, W) uint8.
PairMaker = Callable[[tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]

#: Samples are made this many at a time, so that a sample never depends on how many are asked for.
CHUNK = 16


def freeze_statistics(generator: keras.Model, seed: int, latents: int = 1024, batch: int = 64) -> None:
    """Measures every batch norm's mean and variance over many latents, for `training=False`.

    The statistics are those of minibatches in training mode, pooled.

    Args:
        generator: with `BatchStatisticsNorm` layers, changed in place.
        seed: of the latents.
        latents: their number, rounded up to whole minibatches.
        batch: minibatch size.
    """
    norms = [layer for layer in generator.layers if isinstance(layer, BatchStatisticsNorm)]
    inputs = keras.Model(generator.inputs, [layer.input for layer in norms])

    @graph_function
    def moments(step: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
        z = tf.random.stateless_normal((batch, generator.input_shape[-1]), fold(seed, step, 4))
        maps = inputs(z, training=True)
        maps = maps if isinstance(maps, (list, tuple)) else [maps]
        return [norm.batch_moments(tf.cast(x, tf.float32)) for norm, x in zip(norms, maps)]

    rounds = -(-latents // batch)
    parts = [moments(tf.constant(step)) for step in range(rounds)]
    for norm, measured in zip(norms, zip(*parts)):
        norm.freeze(measured)


class _Exported(tf.Module):
    """The functions of the SavedModel.

    It holds the variables that they read, not the networks: of a Keras layer TensorFlow would store four more
    functions, which cost as much time and room as all the rest and which nobody calls.

    Args:
        make: from latents (N, latent_size) to images in [-1, 1] and labels uint8.
        latent_size: numbers per latent.
    """

    def __init__(self, make: PairMaker, latent_size: int):
        super().__init__()

        def pairs(latents: tf.Tensor) -> dict[str, tf.Tensor]:
            image, mask = make(latents)
            return {"image": image, "mask": mask}

        def sample(n: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
            def chunk(number: tf.Tensor) -> dict[str, tf.Tensor]:
                key = tf.stack([tf.cast(seed, tf.int32), number])
                return self.pairs(tf.random.stateless_normal((CHUNK, latent_size), key))

            kinds = {"image": tf.float32, "mask": tf.uint8}
            chunks = tf.map_fn(chunk, tf.range((n + CHUNK - 1) // CHUNK), fn_output_signature=kinds)
            return {name: tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], 0))[:n] for name, x in chunks.items()}

        self.pairs = graph_function(pairs, [tf.TensorSpec((None, latent_size), tf.float32, "latents")])
        scalar = tf.TensorSpec((), tf.int32)
        self.sample = graph_function(sample, [scalar, scalar])
        self.weights = list(self.pairs.get_concrete_function().variables)


class Synthesizer:
    """Makes (image, label) pairs from noise; each depends on its own latent only, unless a generator says otherwise.

    Attributes:
        module: a SavedModel with `pairs(latents)` and `sample(n, seed)`.
        spec: classes of the labels.
        provenance: what it was trained on.
        latent_size: numbers per latent.
    """

    def __init__(self, module: tf.Module, spec: LabelSpec, provenance: Provenance, latent_size: int):
        self.module, self.spec, self.provenance = module, spec, provenance
        self.latent_size = latent_size

    @classmethod
    def from_generator(
        cls,
        generator: keras.Model,
        spec: LabelSpec,
        provenance: Provenance,
        layout: JointLayout | None = None,
        batch_statistics: bool = False,
    ) -> Synthesizer:
        """Wraps a generator of joint images, in float32 whatever it was trained in.

        Args:
            generator: latents to joint images; its statistics are frozen unless `batch_statistics`.
            spec: classes of the labels.
            provenance: of the training.
            layout: of the joint images; None for `JointLayout.of(spec)`.
            batch_statistics: a pair depends on the latents that it is made with, too: those of one call of `pairs`, and
                of one `CHUNK` of a sample.
        """
        parted, plain = layout or JointLayout.of(spec), backend.in_float32(generator)

        def make(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return parted.separate(plain(latents, training=batch_statistics))

        return cls.from_function(make, generator.input_shape[-1], spec, provenance)

    @classmethod
    def from_function(cls, make: PairMaker, latent_size: int, spec: LabelSpec, provenance: Provenance) -> Synthesizer:
        """Wraps any way from latents to pairs.

        Args:
            make: from latents (N, latent_size) to images (N, H, W, C) in [-1, 1] and labels (N, H, W) uint8.
            latent_size: numbers per latent.
            spec: classes of the labels.
            provenance: of the training.
        """
        return cls(_Exported(make, latent_size), spec, provenance, latent_size)

    @property
    def image_shape(self) -> list[int]:
        """[H, W, C] of an image."""
        outputs = self.module.pairs.get_concrete_function().structured_outputs
        return outputs["image"].shape[1:].as_list()

    def pairs(self, latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Latents (N, latent_size) to images (N, H, W, C) in [-1, 1] and class indices (N, H, W)."""
        made = self.module.pairs(latents)
        return made["image"], made["mask"]

    def sample(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The first n pairs of `seed`: the same seed gives the same pairs, whatever n.

        Returns:
            Images (n, H, W, C) in the training data's stored type and range, and labels (n, H, W)
            uint8 class indices.
        """
        images, labels = self.draw(n, seed)
        return self.provenance.to_stored(images), labels

    def draw(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The same pairs with images in [-1, 1], float32."""
        made = self.module.sample(tf.constant(n, tf.int32), tf.constant(seed, tf.int32))
        return made["image"].numpy(), made["mask"].numpy()

    def chunks(self, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The pairs of `draw`, in the same order and without end, `CHUNK` at a time."""
        for number in itertools.count():
            latents = tf.random.stateless_normal((CHUNK, self.latent_size), tf.constant([seed, number], tf.int32))
            images, labels = self.pairs(latents)
            yield images.numpy(), labels.numpy()

    def save(self, folder: Path) -> None:
        """Writes the SavedModel, with metadata.json beside its files.

        Signature `serving_default(latents) -> {image, mask}`: image float32 in [-1, 1], mask uint8
        class indices (255: ignored); and the function `sample(n, seed)` with the same outputs.
        """
        signatures = {"serving_default": self.module.pairs.get_concrete_function()}
        metadata = {
            "tf_ganaug": __version__,
            "latent_size": self.latent_size,
            "image_shape": self.image_shape,
            "label_spec": asdict(self.spec),
            "normalisation": "stored = low + (image + 1) (high - low) / 2, rounded for integer types",
            **asdict(self.provenance),
        }
        with replacing_folder(folder) as unfinished:
            tf.saved_model.save(self.module, str(unfinished), signatures)
            write_text(unfinished / METADATA, json.dumps({**metadata, "sha256": digests_of(unfinished)}, indent=1))
            shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed before its result

    @classmethod
    def load(cls, folder: Path, trust: bool = False) -> Synthesizer:
        """Reads what `save` wrote.

        Args:
            folder: of a SavedModel, which is a program: TensorFlow does whatever it says, with files too.
            trust: runs one that does not bear the digests of its files, too.

        Raises:
            InputError: if the folder holds no such model, or one that is not as it was written.
        """
        remedy = "name a GAN run folder or an exported SavedModel"
        if (folder.parent / "result.json").exists():
            remedy = f"remove {folder.parent}; the same command makes it again"
        try:
            metadata = read_json(folder / METADATA, remedy)
            provenance = Provenance.from_json(metadata)
            spec, latent_size = _spec(metadata["label_spec"]), int(metadata["latent_size"])
            require_ours(folder, metadata.get("sha256"), trust)
            # tf.data runs on the CPU; a generator with weights on a GPU could not be called there.
            with tf.device(generator_device()):
                module = tf.saved_model.load(str(folder))
            # What metadata.json says of the latents has no digest.
            module.pairs.get_concrete_function(tf.TensorSpec((None, latent_size), tf.float32))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, tf.errors.OpError) as error:
            found = f"{error}".split("\n")[0][:200]
            raise InputError(folder, "a synthesizer (SavedModel and metadata.json)", found, remedy) from error
        return cls(module, spec, provenance, latent_size)


def _spec(stored: dict) -> LabelSpec:
    def one(entry: dict[str, Iterable]) -> LabelClass:
        return LabelClass(entry["name"], tuple(entry["ids"]), tuple(entry["colour"]))

    return LabelSpec(tuple(map(one, stored["classes"])), tuple(stored["ignored"]), stored["background"])


def find_synthesizer(source: Path, trust: bool = False) -> Synthesizer:
    """The synthesizer of a finished GAN's run folder, or of an exported SavedModel; `trust` as of `Synthesizer.load`.

    Raises:
        InputError: if it is neither, or the run is not finished, or the model is not as it was written.
    """
    return Synthesizer.load(model_folder(source), trust)
