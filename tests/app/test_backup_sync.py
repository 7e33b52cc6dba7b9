"""What `backup` and `restore` put in place is on the disk before it has its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearway.app.backup import back_up, restore
from clearway.app.bootstrap import build_node
from clearway.app.config import parse_config


class Disk:
    """Remembers what was synced, and as what; asked when a folder is renamed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: dict[tuple[int, int], tuple[int, int]] = {}
        self.renamed: dict[Path, list[str]] = {}
        fsync, rename = os.fsync, Path.rename

        def remember(file: int) -> None:
            fsync(file)
            found = os.fstat(file)
            self.synced[found.st_dev, found.st_ino] = (found.st_size, found.st_mtime_ns)

        def check(path: Path, target: Path) -> Path:
            parts = [path, *path.rglob("*")] if path.is_dir() else [path]
            self.renamed[target] = [str(part) for part in parts if not self.is_synced(part)]
            assert len(parts) == 1 or len(parts) > 5, "a node is several files"
            return rename(path, target)

        monkeypatch.setattr(os, "fsync", remember)
        monkeypatch.setattr(Path, "rename", check)

    def is_synced(self, path: Path) -> bool:
        """As it is now."""
        found = path.stat()
        now = (found.st_size, found.st_mtime_ns)
        return self.synced.get((found.st_dev, found.st_ino)) == now


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a node that was started and stopped: it has a few blocks."""
    folder = tmp_path_factory.mktemp("node") / "data"
    node = build_node(parse_config({}, dev=True, data=folder))
    node.start()
    node.stop()
    return folder


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("name", ["backup.tar", "backup"])
@pytest.mark.parametrize("height", [None, 0])
def test_everything_is_synced_before_its_name(
    data: Path, tmp_path: Path, disk: Disk, name: str, height: int | None
) -> None:
    backup, new = tmp_path / name, tmp_path / "new"
    back_up(data, to=backup)
    restore(backup, data=new, height=height, at=None)
    assert disk.renamed[backup] == []
    assert disk.renamed[new] == []
    assert disk.is_synced(tmp_path)
