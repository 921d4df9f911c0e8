"""Empty workbooks for the lists that a school fills in: headings, an example, what goes where, drop-down lists."""

import csv
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Final, NamedTuple

import xlsxwriter

__all__ = ["TemplateColumn", "TemplateSheet", "template_csv", "template_xlsx"]

ROWS_WITH_CHOICES: Final = 5_000
"""Below the heading, so many rows have drop-down lists."""
CHOICES_MAX: Final = 10_000
VALUES, EXPLANATION = "Значения", "Пояснения"
NUMBER_HEADING, EXAMPLE_WORD = "№", "пример"
WIDTH: Final = 22


class TemplateColumn(NamedTuple):
    """A column with its example; `choices` names a list of values."""

    heading: str
    example: str
    needed: bool
    choices: str = ""
    what: str = ""


class TemplateSheet(NamedTuple):
    """One list to be filled in."""

    name: str
    columns: Sequence[TemplateColumn]
    what: str


def template_csv(sheet: TemplateSheet) -> bytes:
    """Answer one list as CSV for Excel: semicolons, UTF-8 with its mark."""
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([NUMBER_HEADING, *(column.heading for column in sheet.columns)])
    writer.writerow([EXAMPLE_WORD, *(column.example for column in sheet.columns)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def template_xlsx(sheets: Sequence[TemplateSheet], choices: Mapping[str, Sequence[str]]) -> bytes:
    """Answer the lists as a workbook, each a sheet, with a sheet of explanations and one of the values offered."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        needed = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#FFF2CC"})
        grey = book.add_format({"italic": True, "font_color": "#808080"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        text = book.add_format({"num_format": "@"})
        pages = {sheet.name: book.add_worksheet(sheet.name) for sheet in sheets}
        explained = book.add_worksheet(EXPLANATION)
        values = book.add_worksheet(VALUES)
        ranges = _write_values(values, {name: found for name, found in choices.items() if found})
        for sheet in sheets:
            page = pages[sheet.name]
            page.freeze_panes(1, 0)
            page.set_column(0, 0, 8)
            page.write_string(0, 0, NUMBER_HEADING, bold)
            page.write_string(1, 0, EXAMPLE_WORD, grey)
            for place, column in enumerate(sheet.columns, start=1):
                page.set_column(place, place, WIDTH, text)
                page.write_string(0, place, column.heading, needed if column.needed else bold)
                page.write_string(1, place, column.example, grey)
                if column.choices in ranges:
                    rule = {"validate": "list", "source": ranges[column.choices], "error_type": "warning"}
                    page.data_validation(2, place, 1 + ROWS_WITH_CHOICES, place, rule)
        explained.set_column(0, 0, WIDTH)
        explained.set_column(1, 1, 100, wrapped)
        for number, (heading, words) in enumerate(_explanation(sheets)):
            explained.write_string(number, 0, heading, bold)
            explained.write_string(number, 1, words, wrapped)
    return out.getvalue()


def _write_values(page: xlsxwriter.worksheet.Worksheet, choices: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Write the values offered and answer where each list stands."""
    ranges: dict[str, str] = {}
    for place, (name, found) in enumerate(sorted(choices.items())):
        for number, value in enumerate(found[:CHOICES_MAX]):
            page.write_string(number, place, value)
        letter = xlsxwriter.utility.xl_col_to_name(place)
        ranges[name] = f"='{VALUES}'!${letter}$1:${letter}${min(len(found), CHOICES_MAX)}"
    return ranges


def _explanation(sheets: Sequence[TemplateSheet]) -> list[tuple[str, str]]:
    rows = [
        ("Как заполнять", "Строка «пример» не читается, её можно оставить. Жёлтые столбцы обязательны."),
        ("", "Даты: 01.09.2026 или дата Excel. Формулы не принимаются: вставьте значения."),
        ("", "Порядок столбцов любой, лишние столбцы не читаются и будут названы."),
        ("", "Сначала проба: ejd import roster ФАЙЛ, затем запись: ejd import roster ФАЙЛ --apply."),
    ]
    for sheet in sheets:
        rows.append((sheet.name, sheet.what))
        rows += [("", f"{column.heading}: {column.what}") for column in sheet.columns if column.what]
    return rows
