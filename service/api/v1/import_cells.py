"""The rows of a CSV as cells, so that a quote that is not closed swallows no row.

A cell may hold line breaks. But where a row that spans several lines cannot be read, has another number of
cells than the file, or holds a line that would be a row of its own, only its first line is refused, and those
behind it are read again, each as the beginning of a row.
"""

import csv
from collections.abc import Iterator

from fhir_mappings.errors import Fault
from service.api.v1.import_lines import Lines, LongLine
from service.api.v1.import_map import UTF_8, ImportMap

_NOT_UTF_8 = Fault("", "not-utf-8", "The row is not in UTF-8.")
_NOT_ENCODED = Fault("", "wrong-encoding", "The row is not in the encoding that the map names.")
_NOT_CSV = Fault("", "not-csv", "The row is no CSV: a quote is not closed, or a cell is too long.")
_OTHER_LENGTH = Fault("", "wrong-columns", "The row has more or fewer cells than the file has columns.")
LONG_LINE = Fault("", "too-long", "The line is longer than one may be: it was read past.")
_SWALLOWS = Fault(
    "", "not-csv", "A quote is not closed: a cell of the row holds lines that are rows themselves."
)


class Cells:
    """Reads row by row; ``begins`` is the line on which the last one began."""

    def __init__(self, lines: Lines, mapped: ImportMap) -> None:
        self._lines = lines
        self._delimiter = mapped.delimiter
        self._encoding = mapped.encoding
        self._count: int | None = None
        self._is_readable, self._is_long = True, False
        self._reread_through = 0
        self._single_through = 0
        self.begins = 0

    @property
    def delimiter(self) -> str:
        """Return what stands between two cells."""
        return self._delimiter

    def separate_by(self, delimiter: str) -> None:
        """Let another character stand between two cells from here on."""
        self._delimiter = delimiter

    def expect(self, count: int) -> None:
        """Refuse from here on each row with another number of cells."""
        self._count = count

    def next_row(self) -> list[str] | Fault | None:
        """Return the next row's cells, or why it has none; None at the end.

        A line without a cell that says anything, such as ";;;;", has none: it is no row.
        """
        self.begins = self._lines.number + 1
        texts: list[str] = []
        found = self._read(texts)
        if len(texts) == 1 and not isinstance(found, Fault) and not any(map(str.strip, found)):
            found = []
        fault = found if isinstance(found, Fault) else self._fault(found, texts)
        if fault is not None and len(texts) > 1:
            self._read_again(len(texts))
            self._lines.take(1)
        else:
            self._lines.take(len(texts))
        return fault or found if texts else None

    def _read(self, texts: list[str]) -> list[str] | Fault:
        """Return the cells that come next, or why there are none; the lines that they stand in are added."""
        self._is_readable, self._is_long = True, False
        ahead = self._ahead(texts, 1 if self.begins <= self._single_through else None)
        try:
            cells = next(csv.reader(ahead, delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            return LONG_LINE if self._is_long else _NOT_CSV
        if self._is_readable:
            return cells
        return _NOT_UTF_8 if self._encoding == UTF_8 else _NOT_ENCODED

    def _ahead(self, texts: list[str], most: int | None) -> Iterator[str]:
        size = 0
        for line in self._lines.ahead(most):
            size += len(line)
            if texts and size > self._lines.longest:  # a row is held whole, so it is as long as a line may be
                raise csv.Error
            if isinstance(line, LongLine):
                self._pass_by(line, texts)
                raise csv.Error
            texts.append(self._decoded(line))
            yield texts[-1]

    def _pass_by(self, line: LongLine, texts: list[str]) -> None:
        """Refuse a line that is too long as a row of its own: one that goes on in it ends before it."""
        if not texts:
            self._is_long = True
            texts.append(self._decoded(line))

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            self._is_readable = False
            return line.decode(self._encoding, errors="replace")

    def _fault(self, cells: list[str], texts: list[str]) -> Fault | None:
        count = self._count or len(cells)
        if cells and len(cells) != count:
            return _OTHER_LENGTH
        if len(texts) > 1 and self._swallows(cells, texts, count):
            return _SWALLOWS
        return None

    def _swallows(self, cells: list[str], texts: list[str], count: int) -> bool:
        """Tell whether a line within a cell would be a row by itself."""
        inner = texts[1:] if count > 1 else []
        if "\n" in cells[0] and not self._is_whole(texts[0], count):
            # Behind a first cell with line breaks, the last line has every cell in any case.
            inner = texts[1:-1]
        return any(self._is_whole(text, count) for text in inner)

    def _is_whole(self, text: str, count: int) -> bool:
        """Tell whether a line has all cells, whatever its quotes mean."""
        if text.count(self._delimiter) == count - 1:
            return True
        return len(next(csv.reader([text], delimiter=self._delimiter), [])) == count

    def _read_again(self, lines: int) -> None:
        """Let the lines behind a refused one be read anew.

        CAUTION: where that fails once more within them, the rest of them are read one by one: a file in which
        each line opens a quote would be read as often as a row is long.
        """
        if self.begins <= self._reread_through:
            self._single_through = self._reread_through
        else:
            self._reread_through = self.begins + lines - 1
