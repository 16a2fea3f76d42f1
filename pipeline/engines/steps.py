"""Take each step of a stage over all units, from the cache where its result is known.

A unit is one input file, or a part of a large one: the stage that reads files says where it is cut, and from there on
each part is a unit of its own, under the name of its file. The result of a step on a unit is stored under a hash of
the step and of the content of its input tables, so a changed file, setting or rule redoes what depends on it and
nothing else; where a redone step gives equal rows, the steps behind it are reused. A result with a reject that holds
for one run only (`PASSING`) is stored where no other run finds it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from pipeline.engines.batches import Engine, Packed, Task, packed, rejected, run_parts, run_stage
from pipeline.engines.corpus import rows_by_unit
from pipeline.errors import PASSING, RejectError
from pipeline.schema import TABLES
from pipeline.stage import CorpusStage, Stage, Tables, empty
from pipeline.store import Cache, Ref, Step, digest, in_order, pack, unpack

__all__ = ["CORPUS", "Progress", "Work", "file_piece"]

# Unit name under which the result of a join over all units is stored; no file has an empty path.
CORPUS = ""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Inline:
    """An input table that is not in the cache: packed, and the hash that stands for its content."""

    data: bytes
    digest: bytes


_Piece = Ref | _Inline


@dataclass(frozen=True)
class _Rows:
    """The step of a row-local stage, with the hash of its code and settings, and its config section."""

    stage: Stage
    key: bytes
    section: Any


@dataclass
class Work:
    """The state of one run.

    units: source paths, sorted; a path stands once for each part of its file. pieces: for each table its piece of
    each unit, as the last step left it. joined: tables made by a join. rejects: the reject tables of each unit. used:
    keys of all results that this run rests on. passing: where results lie that hold for this run only, by their keys.
    steps: what was done.
    """

    cache: Cache
    engine: Engine
    units: list[str]
    pieces: dict[str, list[_Piece]]
    progress: Progress
    joined: dict[str, Ref] = field(default_factory=dict)
    rejects: dict[str, list[Ref]] = field(default_factory=dict)
    used: set[bytes] = field(default_factory=set)
    passing: dict[bytes, bytes] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def take(self, stage: Stage | CorpusStage, key: bytes, section: Any) -> None:
        """Run one stage over all units. `key` is its `stage_key`, `section` its settings.

        Raises StageError when it fails on a unit.
        """
        if isinstance(stage, Stage):
            self._map(_Rows(stage, key, section), self._inputs(stage.inputs))
        else:
            self._take_corpus(stage, key, section)

    def tables(self) -> list[str]:
        """Names of the public tables that the stages so far have made, in the order of the schema."""
        made = {*self.pieces, *self.joined, "rejects"}
        return [name for name, table in TABLES.items() if table.public and name in made]

    def parts(self, name: str) -> Iterator[pa.Table]:
        """The rows of table `name` in order, cut in parts; one unit is in memory at a time."""
        if name in self.joined:
            yield unpack(self.cache.load(self.joined[name]))
        elif name == "rejects":
            for unit in dict.fromkeys(self.units):
                rejects = [unpack(self.cache.load(ref)) for ref in self.rejects.get(unit, [])]
                yield in_order(name, pa.concat_tables([empty(name), *rejects]))
        else:
            yield from (unpack(self._load(piece)) for piece in self.pieces[name])

    def _take_corpus(self, stage: CorpusStage, key: bytes, section: Any) -> None:
        sketch = Stage(
            f"{stage.name}.sketch", stage.inputs, (stage.sketch_table,), partial(_sketch, stage), stage.config
        )
        self._map(_Rows(sketch, key, section), self._inputs(stage.inputs))
        sketches = partial(self._all, stage.sketch_table)
        self.joined.update(self._join(stage, key, section, sketches))
        if stage.mark is None:
            return
        extra = {name: self._rows_of(name, sketches()) for name in stage.outputs}
        mark = Stage(f"{stage.name}.mark", (*stage.marks, *stage.outputs), stage.marks, stage.mark, stage.config)
        inputs = [own | {name: extra[name][i] for name in extra} for i, own in enumerate(self._inputs(stage.marks))]
        self._map(_Rows(mark, key, section), inputs)

    def _map(self, step: _Rows, inputs: Sequence[dict[str, _Piece]]) -> None:
        begun = time.monotonic()
        name = step.stage.name
        keys = [_key(step, unit, pieces) for unit, pieces in zip(self.units, inputs, strict=True)]
        found = {key: tables for key in keys if (tables := self.cache.find(key)) is not None}
        missing = [i for i, key in enumerate(keys) if key not in found]
        done = len(self.units) - len(missing)
        self.progress(name, done, len(self.units))
        tasks = (
            Task(keys[i], self.units[i], {table: self._load(piece) for table, piece in inputs[i].items()})
            for i in missing
            if not self._take_parts(step, keys[i], self.units[i], inputs[i])
        )
        for results in self.engine.map(step.stage, step.section, tasks):
            self.cache.put((self._place(one.key, one.tables), name, one.unit, one.tables) for one in results)
            done += len(results)
            self.progress(name, done, len(self.units))
        if done < len(self.units):  # the others were taken in parts
            self.progress(name, len(self.units), len(self.units))
        keys = [self.passing.get(key, key) for key in keys]
        found |= {keys[i]: self.cache.find(keys[i]) or {} for i in missing}
        self.used.update(keys)
        if step.stage.parts is None:
            self._keep(step.stage.outputs, [found[key] for key in keys])
        else:
            self._keep_parts(step.stage.outputs, [[found[key], *self._parts(key)] for key in keys])
        self.steps.append(Step(name, len(missing), len(keys) - len(missing), round(time.monotonic() - begun, 3)))

    def _take_parts(self, step: _Rows, key: bytes, unit: str, pieces: dict[str, _Piece]) -> bool:
        """Take the step on a unit in parts, here, if it is too large to be held; the first is stored last.

        So a unit that was cut off half-way is not taken for finished.
        """
        tables = {name: unpack(self._load(piece)) for name, piece in pieces.items()} if step.stage.parts else {}
        parts = step.stage.parts(tables, step.section) if step.stage.parts else None
        if parts is None:
            return False
        made = run_parts(step.stage, unit, parts)
        try:
            first = next(made)
            for number, part in enumerate(made, 1):
                self.cache.put([(_part_key(key, number), step.stage.name, unit, part)])
        except RejectError as error:
            first = packed(rejected(step.stage, unit, error))
        self.cache.put([(self._place(key, first), step.stage.name, unit, first)])
        return True

    def _place(self, key: bytes, tables: Packed) -> bytes:
        """The key under which a result is stored."""
        rejects, n_rejects = tables.get("rejects", (b"", 0))
        if n_rejects and PASSING in unpack(rejects).column("error").to_pylist():
            self.passing[key] = digest(key, rejects)
        return self.passing.get(key, key)

    def _parts(self, key: bytes) -> Iterator[dict[str, Ref]]:
        """The parts behind the first of the result `key`."""
        number = 1
        while (tables := self.cache.find(_part_key(key, number))) is not None:
            self.used.add(_part_key(key, number))
            yield tables
            number += 1

    def _keep_parts(self, outputs: tuple[str, ...], results: list[list[dict[str, Ref]]]) -> None:
        """Keep results of several parts each; each part becomes a unit."""
        for name, pieces in self.pieces.items():
            self.pieces[name] = [piece for piece, parts in zip(pieces, results, strict=True) for _ in parts]
        self.units = [unit for unit, parts in zip(self.units, results, strict=True) for _ in parts]
        self._keep(outputs, [tables for parts in results for tables in parts])

    def _keep(self, outputs: tuple[str, ...], results: list[dict[str, Ref]]) -> None:
        for name in outputs:
            self.pieces[name] = [tables[name] for tables in results]
        for unit, tables in zip(self.units, results, strict=True):
            if "rejects" in tables and tables["rejects"].rows:
                self.rejects.setdefault(unit, []).append(tables["rejects"])

    def _join(self, stage: CorpusStage, key: bytes, section: Any, sketches: Callable[[], pa.Table]) -> dict[str, Ref]:
        begun = time.monotonic()
        name = f"{stage.name}.join"
        key = digest("join", key, *(piece.digest for piece in self.pieces[stage.sketch_table]))
        known = self.cache.find(key)
        self.progress(name, int(known is not None), 1)
        if known is None:
            join = Stage(name, (stage.sketch_table,), stage.outputs, partial(_join, stage), stage.config)
            made = run_stage(join, section, "all files", {stage.sketch_table: sketches()})
            self.cache.put([(key, name, CORPUS, {table: (pack(rows), rows.num_rows) for table, rows in made.items()})])
        self.used.add(key)
        self.progress(name, 1, 1)
        self.steps.append(Step(name, int(known is None), int(known is not None), round(time.monotonic() - begun, 3)))
        return known or self.cache.find(key) or {}

    def _rows_of(self, name: str, sketches: pa.Table) -> list[_Piece]:
        rows = rows_by_unit(unpack(self.cache.load(self.joined[name])), sketches)
        joined = {unit: _inline(found) for unit, found in rows.items()}
        none = _inline(empty(name))
        return [joined.get(unit, none) for unit in self.units]

    def _inputs(self, names: tuple[str, ...]) -> list[dict[str, _Piece]]:
        return [{name: self.pieces[name][i] for name in names} for i in range(len(self.units))]

    def _all(self, name: str) -> pa.Table:
        return pa.concat_tables([empty(name), *self.parts(name)])

    def _load(self, piece: _Piece) -> bytes:
        return piece.data if isinstance(piece, _Inline) else self.cache.load(piece)


def file_piece(file: pa.Table) -> _Inline:
    """One row of `files` as input of the first stage: what it holds decides, not where the folder lies."""
    return _Inline(pack(file), digest(file.column("source_path")[0].as_py(), file.column("sha256")[0].as_py()))


def _inline(table: pa.Table) -> _Inline:
    data = pack(table)
    return _Inline(data, digest(data))


def _key(step: _Rows, unit: str, pieces: dict[str, _Piece]) -> bytes:
    return digest(
        step.stage.name, step.key, unit, *(part for name, piece in pieces.items() for part in (name, piece.digest))
    )


def _part_key(key: bytes, number: int) -> bytes:
    return digest(key, "part", str(number))


def _sketch(stage: CorpusStage, tables: Tables, config: Any) -> dict[str, pa.Table]:
    return {stage.sketch_table: stage.sketch(tables, config)}


def _join(stage: CorpusStage, tables: Tables, config: Any) -> dict[str, pa.Table]:
    return stage.join(tables[stage.sketch_table], config)
