"""What the bodies of local steps leave behind: see noting.py."""

from pathlib import Path

from tests.faults.waiting import until


class Notes:
    """What the bodies of one saga have noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def let(self, *words: str) -> None:
        """These bodies may end."""
        for word in words:
            (self.folder / word).touch()

    @property
    def lines(self) -> list[tuple[str, int]]:
        """What, and the process."""
        try:
            found = (self.folder / "notes").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [(line.rpartition(" ")[0], int(line.rpartition(" ")[2])) for line in found]

    @property
    def words(self) -> list[str]:
        """Without the processes."""
        return [word for word, _ in self.lines]

    async def has(self, word: str, count: int = 1) -> None:
        """Returns once it has been noted so often."""

        async def noted() -> bool:
            return self.words.count(word) >= count

        await until(noted)
