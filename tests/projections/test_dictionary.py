from consoles.dictionary import data_dictionary
from projections.drivers.views import VIEWS
from projections.registry import all_projections
from tests.projections import records as r


def test_every_column_of_every_view_is_in_the_dictionary_once() -> None:
    lines = data_dictionary().splitlines()

    for view in VIEWS:
        assert f"### `{view.name}`" in lines
    columns = [column.name for view in VIEWS for column in view.columns]
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == columns


def test_every_column_of_views_and_tables_says_what_it_means() -> None:
    columns = [column for view in VIEWS for column in view.columns]
    assert all(column.comment.strip() for column in columns)
    for projection in all_projections(r.ZONE):
        for shape in projection.shapes:
            assert shape.comment.strip()
            assert all(column.comment.strip() for column in shape.columns)
