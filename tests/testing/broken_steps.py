"""Steps with one fault each, and the contract of each."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import DirectoryPath, Field, FilePath, PrivateAttr

from seedbed import Files, GeneratorStep, GlobalStep, Reject, Row, Step
from seedbed.testing import StepContract

WORDS = Path(__file__).parent / "words" / "short.txt"
TEXTS: list[Row] = [{"text": text} for text in ("tea", "milk", "tea", "coffee")]


class Lengths(Step):
    """Adds the length of each text; drops milk, and doubles coffee."""

    keeps: ClassVar[bool] = True
    inputs: ClassVar[list[str]] = ["text"]
    outputs: ClassVar[list[str]] = ["length"]

    def process(self, row: Row) -> Any:
        made = {**row, "length": len(row["text"])}
        if row["text"] == "milk":
            raise Reject("milk")
        return [made, made] if row["text"] == "coffee" else made


class TestLengths(StepContract):
    step = Lengths
    inputs: ClassVar[list[Row]] = TEXTS


class Banned(Lengths):
    """Reads files that parameters name, and one that it says."""

    file: FilePath = Field(default=WORDS, description="Words.")
    folder: DirectoryPath = Field(default=WORDS.parent, description="More words.")
    texts: Files = Field(default=Files(WORDS.parent / "*.txt"), description="Still more.")

    def process(self, row: Row) -> Any:
        return {**row, "length": sum(len(path.read_text()) for path in self._paths())}

    def _paths(self) -> list[Path]:
        return [self.file, *self.folder.iterdir(), *self.texts.paths()]


class TestBanned(StepContract):
    step = Banned
    inputs: ClassVar[list[Row]] = TEXTS


class Told(Lengths):
    """Reads a file, and says so."""

    def process(self, row: Row) -> Any:
        return {**row, "length": len(self.reads(WORDS).read_text())}


class Jotting(Lengths):
    """Writes to a temporary folder, and reads what it wrote."""

    def process(self, row: Row) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            note = Path(folder, "note")
            note.write_text(row["text"])
            return {**row, "length": len(note.read_text())}


class JottingWithoutAName(Lengths):
    """Writes to a temporary file that has no name, and reads what it wrote."""

    def process(self, row: Row) -> Any:
        with tempfile.TemporaryFile("w+") as note:
            note.write(row["text"])
            note.seek(0)
            return {**row, "length": len(note.read())}


class TestJottingWithoutAName(StepContract):
    step = JottingWithoutAName
    inputs: ClassVar[list[Row]] = TEXTS


class TestJotting(StepContract):
    step = Jotting
    inputs: ClassVar[list[Row]] = TEXTS


class TestTold(StepContract):
    step = Told
    inputs: ClassVar[list[Row]] = TEXTS


class Unseen(Step):
    """Drops texts that were there before."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    inputs: ClassVar[list[str]] = ["text"]

    _seen: set[str] = PrivateAttr(default_factory=set)

    def load(self) -> None:
        self._seen = set()

    def process(self, row: Row) -> Any:
        if row["text"] in self._seen:
            return None
        self._seen.add(row["text"])
        return row


class TestUnseen(StepContract):
    step = Unseen
    inputs: ClassVar[list[Row]] = TEXTS


class Sorted(GlobalStep):
    """Sorts rows by text."""

    keeps: ClassVar[bool] = True
    inputs: ClassVar[list[str]] = ["text"]

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return sorted(rows, key=lambda row: row["text"])


class TestSorted(StepContract):
    step = Sorted


class Squares(GeneratorStep):
    """Square numbers."""

    seekable: ClassVar[bool] = True
    outputs: ClassVar[list[str]] = ["square"]

    def process(self, offset: int = 0) -> Iterator[Row]:
        for number in itertools.count(offset):
            yield {"square": number * number}


class TestSquares(StepContract):
    step = Squares


class PromisesMore(Lengths):
    """Promises a column that it fills for some rows only."""

    outputs: ClassVar[list[str]] = ["length", "vowels"]

    def process(self, row: Row) -> Any:
        made = {**row, "length": len(row["text"])}
        return {**made, "vowels": 1} if row["text"] == "milk" else made


class ChangesItsRow(Lengths):
    """Writes into the row that it was given."""

    def process(self, row: Row) -> Any:
        row["length"] = len(row["text"])
        return row


class SwiftLengths(Lengths):
    """Does the same with many texts, as far as that makes one row of each."""

    repeatable: ClassVar[bool] = True

    def process_many(self, rows: Sequence[Row]) -> Iterable[Any]:
        for row in rows:
            yield Reject("milk") if row["text"] == "milk" else {**row, "length": len(row["text"])}


class TestSwiftLengths(StepContract):
    step = SwiftLengths
    inputs: ClassVar[list[Row]] = TEXTS


class MixesUpMany(SwiftLengths):
    """Makes the rows of many in another order."""

    def process_many(self, rows: Sequence[Row]) -> Iterable[Any]:
        first, *others = super().process_many(rows)
        return [*others, first]


class Guesses(Lengths):
    """Adds a number that nobody can foresee."""

    def process(self, row: Row) -> Any:
        return {**row, "length": random.random()}


class CountsSecretly(Lengths):
    """Numbers the rows without saying that it needs their order."""

    _count: int = PrivateAttr(default=0)

    def load(self) -> None:
        self._count = 0

    def process(self, row: Row) -> Any:
        self._count += 1
        return {**row, "length": self._count}


class RemembersForEver(Unseen):
    """Never forgets what it has seen."""

    def load(self) -> None: ...


class HashesTexts(Lengths):
    """Adds a number that is another one in each process."""

    def process(self, row: Row) -> Any:
        return {**row, "length": hash(row["text"])}


class SharesWhatItHasSeen(Unseen):
    """Keeps what it has seen in the class."""

    all_seen: ClassVar[set[str]] = set()

    def load(self) -> None:
        self._seen = self.all_seen
        self._seen.clear()


class DropsWhatItKeeps(Lengths):
    """Says that it keeps columns, and returns those that it knows."""

    def process(self, row: Row) -> Any:
        return {"text": row["text"], "length": len(row["text"])}


class RemovesLessThanItSays(Lengths):
    """Names a column that it leaves in its rows."""

    @property
    def removes(self) -> list[str]:
        return ["text"]


class ReadsMoreThanItSays(Lengths):
    """Reads a column that it does not name."""

    def process(self, row: Row) -> Any:
        return {**row, "length": len(row["text"]) + row["more"]}


class NeedsARow(Sorted):
    """Takes for granted that there are rows."""

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return [max(rows, key=lambda row: row["text"])]


class ReadsOnItsOwn(Lengths):
    """Reads a file that nobody else knows of."""

    def process(self, row: Row) -> Any:
        return {**row, "length": len(WORDS.read_text())}


class GivesAnObject(Lengths):
    """Gives a value that JSON lacks."""

    def process(self, row: Row) -> Any:
        return {**row, "length": object()}


class DropsAll(Lengths):
    """Drops every row."""

    def process(self, row: Row) -> Any:
        return None


class SeeksTheWrongPlace(Squares):
    """Says that it can begin anywhere, and begins one row too early."""

    def process(self, offset: int = 0) -> Iterator[Row]:
        for number in itertools.count(max(0, offset - 1)):
            yield {"square": number * number}


class Weekdays(GeneratorStep):
    """The days of the week."""

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    outputs: ClassVar[list[str]] = ["day"]

    def process(self, offset: int = 0) -> Iterator[Row]:
        for number in range(offset, 7):
            yield {"day": number}


class TestWeekdays(StepContract):
    step = Weekdays
    rows = 7


class SharesRowsOut(Squares):
    """Divides something by the number of rows that are wanted, whatever that was for those before."""

    _wanted: int = PrivateAttr(default=1)

    def plan_for(self, rows: int | None) -> None:
        self._wanted = rows or 1

    def process(self, offset: int = 0) -> Iterator[Row]:
        for _ in itertools.count(offset):
            yield {"square": 100 / self._wanted}


class BeginsAgain(Weekdays):
    """Takes the end of its rows for their beginning."""

    def process(self, offset: int = 0) -> Iterator[Row]:
        return super().process(offset % 7)


class PrintsTexts(Lengths):
    """Prints what it's at."""

    def process(self, row: Row) -> Any:
        print(row["text"])
        return super().process(row)


class LeavesItsFileOpen(Lengths):
    """Opens its words, and never closes them."""

    opened: ClassVar[list[Any]] = []

    def process(self, row: Row) -> Any:
        self.opened.append(self.reads(WORDS).open())
        return super().process(row)


class HasABadName(Lengths):
    """Has a name that no pipeline file can hold."""

    name: str = "count_letters"


class SaysNothingOfAParameter(Lengths):
    """Has a parameter that nobody can understand."""

    unit: str = "letters"


class TakesAnything(Lengths):
    """Has a parameter that no file can hold."""

    where: type = Field(default=str, description="What to count.")


class HasAWrongDefault(Lengths):
    """Has a default that nobody could have given."""

    longest: int = Field(default=0, gt=0, description="The longest text.")


class FirstTexts(Step):
    """Keeps the first texts."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    inputs: ClassVar[list[str]] = ["text"]

    rows: int = Field(default=3, description="How many.")

    _seen: int = PrivateAttr(default=0)

    @property
    def rows_wanted(self) -> int | None:
        return max(0, self.rows - self._seen)

    def load(self) -> None:
        self._seen = 0

    def process(self, row: Row) -> Any:
        self._seen += 1
        return row if self._seen <= self.rows else None


class TestFirstTexts(StepContract):
    step = FirstTexts
    inputs: ClassVar[list[Row]] = TEXTS


class KeepsOn(FirstTexts):
    """Wants no more rows, and keeps them."""

    def process(self, row: Row) -> Any:
        self._seen += 1
        return row


class Wordless(Lengths):
    def process(self, row: Row) -> Any:
        return super().process(row)


def _contract(cls: type, inputs: list[Row]) -> type[StepContract]:
    return type(f"Test{cls.__name__}", (StepContract,), {"step": cls, "inputs": inputs})


class KnowsOtherTypes(Squares):
    """Says that numbers are texts."""

    def column_types(self) -> dict[str, Any]:
        return {"square": str}


class CallsTwoRowsTheSame(Squares):
    """Has one name for each two rows."""

    def place_of(self, number: int) -> str:
        return f"pair {number // 2}"


FAULTS: dict[str, tuple[str, str]] = {
    # The one test that its contract fails, and what the report says.
    "PromisesMore": ("test_rows_have_the_columns_promised", "vowels"),
    "KnowsOtherTypes": ("test_rows_have_the_columns_that_it_knows", "row 0 has 0 in 'square'"),
    "CallsTwoRowsTheSame": ("test_no_two_rows_have_one_place", "pair 0, pair 1"),
    "ChangesItsRow": ("test_its_input_is_left_alone", "'length': 3"),
    "MixesUpMany": ("test_many_rows_at_once_become_what_each_becomes_alone", "something else than"),
    "Guesses": ("test_the_same_rows_come_twice", "at 0 it was"),
    "CountsSecretly": ("test_a_row_alone_is_the_row_among_many", "'length': 4"),
    "HashesTexts": ("test_another_process_makes_the_same_rows", "another process makes other rows"),
    "SharesWhatItHasSeen": ("test_two_steps_of_a_pipeline_share_nothing", "finds what the first has kept"),
    "RemembersForEver": ("test_its_state_is_built_again", "reset its state in `load`"),
    "KeepsOn": ("test_it_keeps_no_row_that_it_does_not_want", "row 3: it wanted 0 rows"),
    "DropsWhatItKeeps": ("test_the_columns_that_it_keeps_are_kept", "a column that no step knows"),
    "RemovesLessThanItSays": ("test_the_columns_that_it_keeps_are_kept", "still have the columns ['text']"),
    "ReadsMoreThanItSays": ("test_only_the_inputs_named_are_read", "KeyError: 'more'"),
    "NeedsARow": ("test_no_rows_are_no_error", "ValueError"),
    "ReadsOnItsOwn": ("test_files_that_it_reads_are_declared", "short.txt"),
    "GivesAnObject": ("test_rows_are_json", "'length' holds an object"),
    "DropsAll": ("test_rows_are_made", "no row is left"),
    "SeeksTheWrongPlace": ("test_it_begins_where_it_is_told", "at 0 it was {'square': 1}"),
    "SharesRowsOut": ("test_a_run_that_grows_comes_to_the_same_rows", "the extended run differ"),
    "BeginsAgain": ("test_it_begins_where_it_is_told", "from `offset` 7 on it makes other rows"),
    "PrintsTexts": ("test_the_process_is_left_alone", "print to sys.stderr"),
    "LeavesItsFileOpen": ("test_unloading_leaves_nothing", "short.txt"),
    "HasABadName": ("test_its_name_is_valid", "count_letters"),
    "SaysNothingOfAParameter": ("test_its_parameters_are_described", "unit"),
    "TakesAnything": ("test_its_parameters_have_a_schema", "a type that a file can't hold"),
    "HasAWrongDefault": ("test_its_defaults_are_valid", "longest"),
    "Wordless": ("test_it_says_what_it_is", "has no docstring"),
}

for _fault in FAULTS:
    _rows = [{**row, "more": 1} for row in TEXTS] if _fault == "ReadsMoreThanItSays" else TEXTS
    globals()[f"Test{_fault}"] = _contract(globals()[_fault], _rows)
