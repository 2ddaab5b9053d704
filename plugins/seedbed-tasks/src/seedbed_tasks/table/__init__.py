"""Tables: the task `table`, and the kinds of columns that it has."""

from seedbed_tasks.table.category import Category, Subcategory
from seedbed_tasks.table.code import Code
from seedbed_tasks.table.computed import Computed
from seedbed_tasks.table.date import Date
from seedbed_tasks.table.embedding import Embedding
from seedbed_tasks.table.from_file import From
from seedbed_tasks.table.judge import Judge
from seedbed_tasks.table.number import Number, Part
from seedbed_tasks.table.person import Person
from seedbed_tasks.table.structured import Structured
from seedbed_tasks.table.task import Table
from seedbed_tasks.table.uuid import Uuid
from seedbed_tasks.table.written import Text

__all__ = [
    "Category",
    "Code",
    "Computed",
    "Date",
    "Embedding",
    "From",
    "Judge",
    "Number",
    "Part",
    "Person",
    "Structured",
    "Subcategory",
    "Table",
    "Text",
    "Uuid",
]
