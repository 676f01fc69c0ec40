"""The columns of a catalogue's CSV: one row per entry, a file for each kind of entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from consoles.catalogue import cells
from ledger.catalogue import Kind

Read = Callable[[str], Any]
Write = Callable[[Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: its header as it is written.
        also: headers that are accepted too; the first is the Chinese one people are told.
        path: where its value stands in the JSON of the entry.
        needed: a file without it is refused.
    """

    name: str
    also: tuple[str, ...]
    path: tuple[str, ...]
    read: Read = cells.read_text
    write: Write = cells.write_text
    needed: bool = False

    def value_in(self, entry: Mapping[str, Any]) -> Any:
        """Return the column's value of an entry's JSON; None where it is absent."""
        value: Any = entry
        for part in self.path:
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def put(self, entry: dict[str, Any], value: Any) -> None:
        """Set the column's value in an entry's JSON."""
        for part in self.path[:-1]:
            entry = entry.setdefault(part, {})
        entry[self.path[-1]] = value


def _column(
    name: str, *also: str, read: Read = cells.read_text, write: Write = cells.write_text,
    needed: bool = False, within: str = "",
) -> Column:  # fmt: skip
    path = (within, name.removeprefix(f"{within}_")) if within else (name,)
    return Column(name=name, also=also, path=path, read=read, write=write, needed=needed)


def _limit(name: str, *also: str) -> Column:
    return _column(name, *also, read=cells.read_limit, write=cells.write_limit)


def _flag(name: str, *also: str, within: str = "") -> Column:
    return _column(name, *also, read=cells.read_flag, write=cells.write_flag, within=within)


_NAME_EN = _column("name_en", "英文名称")

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    "hall": (
        _column("code", "大厅编码", "编码", needed=True),
        _column("name", "大厅名称", "名称", needed=True),
        _NAME_EN,
        _column("zone", "时区"),
    ),
    "department": (
        _column("code", "部门编码", "编码", needed=True),
        _column("name", "部门名称", "名称", needed=True),
        _NAME_EN,
        _column("hall", "大厅", "大厅编码"),
    ),
    "window": (
        _column("code", "窗口编码", "编码", needed=True),
        _column("name", "窗口名称", "名称", needed=True),
        _column("hall", "大厅", "大厅编码", needed=True),
        _column("department", "部门", "部门编码"),
    ),
    "matter": (
        _column("code", "事项编码", "编码", needed=True),
        _column("name", "事项名称", "名称", needed=True),
        _NAME_EN,
        _column("department", "部门", "部门编码", "实施部门", needed=True),
        _column("handling_type", "办件类型", read=cells.read_handling),
        _limit("statutory_limit", "法定时限", "法定办结时限"),
        _limit("promised_limit", "承诺时限", "承诺办结时限"),
        _column("stages", "环节", "办理环节", read=cells.read_stages, write=cells.write_stages),
        _flag("fee_free", "是否免费", within="fee"),
        _column("fee_amount", "收费金额", within="fee"),
        _column("fee_currency", "币种", within="fee"),
        _column("fee_basis", "收费依据", within="fee"),
        _column(
            "mandatory_materials", "必备材料", "必要材料",
            read=cells.read_list, write=cells.write_list,
        ),
        _flag("issues_certificate", "是否出证"),
        _flag("in_hall", "是否进厅", "进厅办理"),
        _flag("window_decides", "窗口可决定", "窗口授权"),
    ),
}  # fmt: skip


def column_at(columns: tuple[Column, ...], field: str) -> str:
    """Return the header of the column that a field of an entry (`fee.amount`) stands in."""
    parts = tuple(field.split("."))
    for column in columns:
        if parts[: len(column.path)] == column.path:
            return column.name
    return field
