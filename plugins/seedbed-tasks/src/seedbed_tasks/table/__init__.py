"""Tables: the task `table`, and the kinds of columns that it has."""

from seedbed_tasks.table.category import Category, Subcategory
from seedbed_tasks.table.computed import Computed
from seedbed_tasks.table.date import Date
from seedbed_tasks.table.from_file import From
from seedbed_tasks.table.number import Number, Part
from seedbed_tasks.table.task import Table
from seedbed_tasks.table.uuid import Uuid

__all__ = ["Category", "Computed", "Date", "From", "Number", "Part", "Subcategory", "Table", "Uuid"]
