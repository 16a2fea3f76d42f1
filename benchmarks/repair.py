"""Encoding repair: ftfy's own test cases, a generated set, and clean lines.

    python -m benchmarks.repair [--cases FILE] [--pages FOLDER]

--cases: tests/test_cases.json of ftfy's source distribution (`pip download --no-deps --no-binary ftfy ftfy`), where it
is at hand. A line is mended as ftfy mends it where the words are equal under the settings of `pipeline.text.repair`.
It is aligned exactly where each character comes out of the stretch of the raw line that is said to lie behind it, when
ftfy's plan is followed on that stretch alone, or where that plan needs the words around it, when the stretch is read
with the codecs the other way round (a no-break space that became a blank or got lost put back).

The generated set: sentences that are not all ASCII (some made up, some lines of the written pages) in UTF-8, read with
a wrong codec once and twice, and once with what the codec cannot show lost (U+FFFD). Restored is a line that comes back
letter by letter, U+FFFD standing for a letter of which a part was lost; aligned, a restored line whose characters each
point at the mangled form of just that character. Where a codec cannot show a line and nothing is to be lost, the line
is left out. Clean lines: those of the written pages that hold no trace of mojibake or entities; damage is one changed.
"""

import argparse
import contextlib
import json
from collections.abc import Iterator
from itertools import groupby, product
from pathlib import Path

from pipeline.evaluation.gold import load_pages
from pipeline.text.align import to_raw
from pipeline.text.repair import Repair, repair_line
from pipeline.text.replay import replay

CODECS = ("sloppy-windows-1252", "latin-1", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253",
          "sloppy-windows-1254", "macroman", "cp437")  # fmt: skip
SENTENCES = (
    "Ménière’s disease – vertigo and “fullness” in the ear…",
    "The patient’s knee doesn’t bend: it’s “locked”.",
    "Take 50 µg at 20 °C, ½ tablet ± 10 % — not more.",
    "Sjögren’s syndrome and Guillain–Barré are not alike.",
    "€20 for “naïve” café owners – §5 applies…",
)
_TRACES = ("Ã", "â€", "Â", "ï¼", "&", "\ufffd")  # what mangled lines of the written pages hold


def explained(line: str) -> tuple[str, list[tuple[str, str]]]:
    """What ftfy makes of a line under the settings of `pipeline.text.repair`, and its plan."""
    import ftfy

    fixed, plan = ftfy.fix_and_explain(
        line, unescape_html=True, uncurl_quotes=False, fix_character_width=False, fix_line_breaks=False
    )
    return fixed or line, [(step.action, step.parameter) for step in plan or ()]


def stretches(raw: str, repair: Repair) -> Iterator[tuple[str, str]]:
    """The characters of a mended line and the raw stretch behind them; those that share one together."""
    places = [to_raw(i, i + 1, 0, repair.alignment) for i in range(len(repair.text))]
    for (begin, end), group in groupby(zip(places, repair.text, strict=True), key=lambda pair: pair[0]):
        yield "".join(char for _, char in group), raw[begin:end]


def comes_of(chars: str, raw: str, plan: list[tuple[str, str]]) -> bool:
    """Whether `raw` alone gives `chars`."""
    import ftfy.bad_codecs  # noqa: F401  (registers the sloppy codecs)

    with contextlib.suppress(UnicodeError):
        if replay(raw, plan)[0] == chars:
            return True
    for whole, codec in product((raw, raw.rstrip(" ") + "\xa0"), CODECS):
        with contextlib.suppress(UnicodeError):
            if whole.encode(codec).decode("utf-8") == chars:
                return True
    return any(raw.encode("latin-1", "replace").decode(codec, "replace") == chars for codec in CODECS)


def score_cases(path: Path) -> None:
    """Print how many of ftfy's cases are mended as by ftfy, and aligned exactly."""
    cases = [case["original"] for case in json.loads(path.read_text(encoding="utf-8"))]
    same = changed = exact = 0
    for raw in cases:
        repair = repair_line(raw)
        fixed, plan = explained(raw)
        same += repair.text == fixed
        changed += fixed != raw
        exact += fixed != raw and all(comes_of(chars, behind, plan) for chars, behind in stretches(raw, repair))
    print(f"ftfy's cases: {len(cases)}, mended as by ftfy {same}; {changed} changed, of these aligned exactly {exact}")


def mangled(text: str, codec: str, times: int, *, lossy: bool) -> str | None:
    """`text` in UTF-8 read with `codec`, `times` over; None where the codec cannot show a byte and none may be lost."""
    import ftfy.bad_codecs  # noqa: F401  (registers the sloppy codecs)

    codec = codec.removeprefix("sloppy-") if lossy else codec
    for _ in range(times):
        data = text.encode("utf-8")
        text = data.decode(codec, "replace")
        if "\ufffd" in text and not lossy:
            return None
    return text


def score_generated(lines: list[str]) -> None:
    """Print, for each codec and way of mangling, the share of lines restored, and of these aligned."""
    print(f"{'read as':22}{'times':>7}{'lines':>7}{'restored':>10}{'aligned':>9}")
    for codec, (times, lossy) in product(CODECS, ((1, False), (2, False), (1, True))):
        restored, aligned = [], []
        for line in lines:
            raw = mangled(line, codec, times, lossy=lossy)
            if raw is None or (lossy and "\ufffd" not in raw):
                continue
            forms = {char: mangled(char, codec, times, lossy=lossy) or "" for char in line}
            told = {char: "\ufffd" if "\ufffd" in form else char for char, form in forms.items()}
            repair = repair_line(raw)
            restored.append(repair.text == "".join(map(told.get, line)))
            if restored[-1]:
                places = [to_raw(i, i + 1, 0, repair.alignment) for i in range(len(repair.text))]
                aligned.append([raw[begin:end] for begin, end in places] == [forms[char] for char in line])
        shares = (f"{sum(row) / len(row):.3f}" if row else "-" for row in (restored, aligned))
        print(
            f"{codec:22}{f'{times} lossy' if lossy else times:>7}{len(restored):7}{next(shares):>10}{next(shares):>9}"
        )


def score_clean(lines: list[str]) -> None:
    """Print how many clean lines are changed."""
    changed = [line for line in lines if repair_line(line).text != line]
    print(f"clean lines: {len(lines)}, changed {len(changed)}", *changed[:5], sep="\n  ")


def main() -> None:
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.repair", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=Path, help="tests/test_cases.json of ftfy's source distribution")
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"), help="folder of .page files")
    options = parser.parse_args()
    if options.cases:
        score_cases(options.cases)
    lines = [line for page in load_pages(options.pages) for line in page.text.split("\n")]
    clean = sorted({line for line in lines if not any(trace in line for trace in _TRACES)})
    score_generated([*SENTENCES, *[line for line in clean if not line.isascii()][::25]])
    score_clean(clean)


if __name__ == "__main__":
    main()
