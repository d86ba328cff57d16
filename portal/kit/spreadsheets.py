"""Cells that a spreadsheet shows and does not compute, whoever wrote what stands in them."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet compute a cell instead of showing it
ENCODING = "utf-8-sig"  # with its mark, since some take the file for something else without


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{cell}" if cell.startswith(FORMULA) else cell
