"""Counters that the workers of a server share: each adds to its own, any of them reads the sum of all.

One piece of anonymous memory, made before the workers are forked and parted into an arena for each.  An aligned 64-bit
word has one writer, so there are no locks.  What a word counts is known to those who ask for the region it lies in.
"""

import hashlib
import mmap
from collections.abc import Iterator
from itertools import starmap

from headway.serve.fault import RefusedError

__all__ = ["Block", "Region"]

# Pages that nobody wrote take no memory, so an arena may be roomy: about 3,000 models of 20 columns.
_ARENA = 16 * 2**20
_KEY = 32
_HEAD = _KEY + 8  # bytes before a region's words: its key, and how many words it has
_WORD = 8


class Region:
    """So many 64-bit words for one key: `own` is this worker's, to be added to; `total()` is over all workers."""

    def __init__(self, block: "Block", key: bytes, own: memoryview, words: int) -> None:
        self.own = own
        self.key = key
        self.used = True
        self._block = block
        self._words = words

    def total(self) -> list[int]:
        """The sum over all workers, those that died included."""
        parts = [part.tolist() for part in self.parts()]
        return parts[0] if len(parts) == 1 else list(starmap(lambda *words: sum(words), zip(*parts, strict=True)))

    def parts(self) -> Iterator[memoryview]:
        """The words of each worker that has asked for this key."""
        return self._block.parts(self.key, self._words)


class Block:
    """The memory of all workers; `mine` says which of them this process is.

    A worker that takes a dead one's place has its arena, and counts on where the other stopped: no sum ever falls.
    The same holds for a model that is unloaded and loaded again.  Regions are never given to another key before the
    arena is full; then one that nobody here uses is.
    """

    def __init__(self, workers: int = 1) -> None:
        self.mine = 0
        memory = memoryview(mmap.mmap(-1, workers * _ARENA))
        self._arenas = [_Arena(memory[at * _ARENA : (at + 1) * _ARENA]) for at in range(workers)]
        self._used: dict[bytes, int] = {}

    def region(self, key: str, words: int) -> Region:
        """The words of a key, zero when it is new; RefusedError when there is no room left.  Give it back at the end.

        >>> block = Block()
        >>> region = block.region("requests of delay 1.4.2", 2)
        >>> region.own[1] += 5
        >>> region.total()
        [0, 5]
        """
        name = hashlib.sha256(f"{words} {key}".encode()).digest()
        arena = self._arenas[self.mine]
        at = arena.find(name)
        if at is None:
            at = arena.claim(name, words, self._used)
        self._used[name] = self._used.get(name, 0) + 1
        return Region(self, name, arena.words(at, words), words)

    def give_back(self, region: Region) -> None:
        """The region is used no more; what was counted is kept while there is room."""
        if not region.used:
            return
        region.used = False
        self._used[region.key] -= 1
        if not self._used[region.key]:
            del self._used[region.key]

    def parts(self, key: bytes, words: int) -> Iterator[memoryview]:
        """The words of every worker that has the key."""
        for arena in self._arenas:
            at = arena.find(key)
            if at is not None:
                yield arena.words(at, words)


class _Arena:
    """One worker's memory: how many bytes are taken, then regions one after the other."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._taken = memory[:_WORD].cast("Q")
        self._places: dict[bytes, int] = {}

    def find(self, key: bytes) -> int | None:
        at = self._places.get(key)
        if at is not None and self._memory[at : at + _KEY] == key:
            return at
        self._places = {bytes(self._memory[at : at + _KEY]): at for at, _ in self._regions()}
        return self._places.get(key)

    def claim(self, key: bytes, words: int, used: dict[bytes, int]) -> int:
        at = _WORD + self._taken[0]
        end = at + _HEAD + words * _WORD
        if end > len(self._memory):
            return self._again(key, words, used)
        self._memory[at : at + _KEY] = key
        self._memory[at + _KEY : at + _HEAD].cast("Q")[0] = words
        self._taken[0] = end - _WORD  # the last thing written: readers see the region whole, or not at all
        return at

    def words(self, at: int, words: int) -> memoryview:
        begin = at + _HEAD
        return self._memory[begin : begin + words * _WORD].cast("Q")

    def _regions(self) -> Iterator[tuple[int, int]]:
        at, end = _WORD, _WORD + self._taken[0]
        while at < end:
            words = self._memory[at + _KEY : at + _HEAD].cast("Q")[0]
            yield at, words
            at += _HEAD + words * _WORD

    def _again(self, key: bytes, words: int, used: dict[bytes, int]) -> int:
        for at, room in self._regions():
            if room >= words and bytes(self._memory[at : at + _KEY]) not in used:
                self._memory[at : at + _KEY] = bytes(_KEY)  # nobody's, until it is zero
                self._memory[at + _HEAD : at + _HEAD + room * _WORD] = bytes(room * _WORD)
                self._memory[at : at + _KEY] = key
                return at
        raise RefusedError("so many models were loaded since the server started that there is no room to count more")
