"""What each experiment of Neff et al. 2018 trains: a search for an augmentation, and the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.experiment.study import Training
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers.neff2018.settings import Settings
from tf_ganaug.papers.neff2018.study import JointStudy
from tf_ganaug.papers.neff2018.tasks import SegmenterTask


@dataclass(frozen=True)
class Row:
    """A row of Table II or IV.

    Attributes:
        name: as printed.
        real: share of real pairs in a minibatch.
        augmented: whether standard augmentation is applied.
        printed: the paper's numbers.
    """

    name: str
    real: float
    augmented: bool
    printed: tuple[float, ...]


@dataclass(frozen=True)
class Design:
    """The trainings of an experiment, by the parts that need them.

    Attributes:
        search_part: the part that shows the search.
        search: augmentations of networks on real pairs, with the printed validation score in percent.
        measure: the score's name.
        score: of a finished network over its validation cases, in [0, 1].
        rows: of the table that compares real, generated and mixed minibatches.
        row_parts: parts that need every row.
        compared: names of the two rows whose predictions a figure shows.
        compared_part: the part that needs these alone.
        samples_part: the part that shows the first fold's generated pairs.
    """

    search_part: str
    search: tuple[tuple[Augmentation, float], ...]
    measure: str
    score: Callable[[JointStudy, SegmenterTask], float]
    rows: tuple[Row, ...]
    row_parts: tuple[str, ...]
    compared: tuple[str, str]
    compared_part: str
    samples_part: str

    def search_tasks(self, settings: Settings) -> list[SegmenterTask]:
        """One network for each augmentation, on the first fold, real pairs only."""
        return [SegmenterTask(0, settings.segmenter.batch, 0, augmentation) for augmentation, _ in self.search]

    def searching(self, settings: Settings, parts: Sequence[str]) -> bool:
        """Whether the search is made: where its table is asked for, or decides."""
        return self.search_part in parts or settings.augmentation.searched

    def best(self, study: JointStudy, augmenting: bool = False) -> Augmentation:
        """That of the finished search's network with the highest score; of those that are `augmenting` at all."""
        tasks = self.search_tasks(study.settings)
        tasks = [task for task in tasks if task.augmentation != Augmentation() or not augmenting]
        return max(tasks, key=lambda task: self.score(study, task)).augmentation

    def standard(self, study: JointStudy) -> Augmentation:
        """What the rows called Aug. have: the settings', or of a finished search that decides the best that is one."""
        settings = study.settings.augmentation
        return self.best(study, augmenting=True) if settings.searched else settings.named

    def row_tasks(self, settings: Settings, standard: Augmentation) -> dict[str, list[SegmenterTask]]:
        """Row name to its networks, one per fold and repeat."""
        batch = settings.segmenter.batch

        def tasks(row: Row) -> list[SegmenterTask]:
            real = round(batch * row.real)
            kind = standard if row.augmented else Augmentation()
            return [
                SegmenterTask(fold, real, batch - real, kind, repeat)
                for fold in range(settings.folds_used)
                for repeat in range(settings.repeats)
            ]

        return {row.name: tasks(row) for row in self.rows}

    def needed(
        self, settings: Settings, parts: Sequence[str], standard: Augmentation
    ) -> tuple[list[int], list[SegmenterTask]]:
        """Folds whose GANs the parts need, and their networks beside the search's."""
        rows, tasks = self.row_tasks(settings, standard), []
        if set(self.row_parts) & set(parts):
            tasks = all_tasks(rows)
        elif self.compared_part in parts:
            tasks = [task for name in self.compared for task in rows[name]]
        folds = {task.fold for task in tasks if task.generated} | ({0} if self.samples_part in parts else set())
        return sorted(folds), tasks

    def trainings(self, study: JointStudy, parts: Sequence[str]) -> list[Training]:
        """What the parts need and is not finished, each training once.

        Where the search decides, the tasks called Aug. are listed as configured; what it finds may replace them.
        """
        settings = study.settings
        first = self.search_tasks(settings) if self.searching(settings, parts) else []
        folds, second = self.needed(settings, parts, settings.augmentation.named)
        return study.trainings(folds, list(dict.fromkeys(first + second)))

    def stages(self, study: JointStudy, parts: Sequence[str]) -> Iterator[list[str]]:
        """Runs that can be made independently of each other, by name; finished ones are among them.

        A stage is to be made before the next is asked for: the search may decide which networks come after it.
        """
        study.read_images()
        settings = study.settings
        folds, _ = self.needed(settings, parts, settings.augmentation.named)
        first = self.search_tasks(settings) if self.searching(settings, parts) else []
        yield [study.gan_path(fold).name for fold in folds] + [task.name for task in first]
        yield [task.name for task in self.needed(settings, parts, self.standard(study))[1]]

    def train(self, study: JointStudy, parts: Sequence[str]) -> dict[str, list[SegmenterTask]]:
        """Trains the networks that the parts need and that are not finished; returns the rows' tasks."""
        settings = study.settings
        for task in self.search_tasks(settings) if self.searching(settings, parts) else []:
            study.segmenter(task)
        standard = self.standard(study)
        for task in self.needed(settings, parts, standard)[1]:
            study.segmenter(task)
        return self.row_tasks(settings, standard)


def all_tasks(rows: Mapping[str, Sequence[SegmenterTask]]) -> list[SegmenterTask]:
    """The networks of all rows."""
    return [task for tasks in rows.values() for task in tasks]


def check(settings: Settings) -> None:
    """The sizes, before anything is read or trained.

    Raises:
        InputError: for a size that a network cannot have.
    """
    require_power_of_two(*settings.data.size, smallest=8)
    require_multiple(*settings.data.size, factor=1 << (settings.segmenter.levels - 1))
