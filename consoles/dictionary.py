"""The data dictionary (数据字典) of the views analysts may rely on, made from the definitions.

OPERATING.md holds its text, and a test compares the two; so no column is undocumented, and none is
documented that is not there.
"""

from projections.drivers.views import VIEWS, View


def data_dictionary() -> str:
    """Return the dictionary of all public views as Markdown."""
    return "\n\n".join(_section(view) for view in VIEWS) + "\n"


def _section(view: View) -> str:
    rows = "\n".join(
        f"| `{column.name}` | {column.comment.replace('|', chr(92) + '|')} |"
        for column in view.columns
    )
    return f"### `{view.name}`\n\n{view.comment}\n\n| column | meaning |\n| --- | --- |\n{rows}"
