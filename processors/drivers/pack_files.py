"""Reads rule packs from the package and from a folder of local ones."""

from importlib import resources
from pathlib import Path

from ledger.errors import PackInvalid
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack


def load_packs(folder: Path | None = None) -> dict[str, Pack]:
    """Return the shipped packs and those of `folder`, by name; a local pack replaces a shipped one.

    Raises:
        PackInvalid: a file that is not a usable pack, named with the key at fault.
    """
    shipped = resources.files("processors.supervision").joinpath("packs")
    texts = [
        (entry.name, entry.read_text(encoding="utf-8"))
        for entry in sorted(shipped.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    ]
    if folder is not None:
        if not folder.is_dir():
            raise PackInvalid(f"Reading local packs: {folder} is not a folder.")
        local = sorted(folder.glob("*.toml"))
        texts += [(str(file), file.read_text(encoding="utf-8")) for file in local]
    packs = [parse_pack(text, name) for name, text in texts]
    return {pack.name: pack for pack in packs}
