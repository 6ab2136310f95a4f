#!/usr/bin/env python3
"""Counts docs/requirements.tsv and fails where a row or a proof is not what it says.

A proof is `path::name`, several joined by `; `. For a Rust file `name` is a function; for a
TypeScript file it is the title of a test; for a scenario file it is left out (`scenarios/x.toml`).
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEDGER = ROOT / "docs" / "requirements.tsv"
STATES = ("works", "partial", "no")


def fault_of(proof: str) -> str | None:
    """Why this proof proves nothing, or None."""
    path, _, name = proof.partition("::")
    file = ROOT / path
    if not file.is_file():
        return f"{path} does not exist"
    text = file.read_text(encoding="utf-8")
    if path.endswith(".rs"):
        test = re.search(rf"#\[(?:tokio::)?test[^\]]*\][^{{;]*?\bfn\s+{re.escape(name)}\s*\(", text)
        doctest = name.startswith("doc ") and "compile_fail" in text
        return None if test or doctest else f"no test {name} in {path}"
    if path.endswith((".ts", ".tsx", ".mjs")):
        quoted = re.findall(r"""\b(?:test|it)(?:\.\w+)?(?:\([^()]*\))?\(\s*(["'`])((?:\\.|(?!\1).)+)\1""", text)
        titles = {re.sub(r"\\(.)", r"\1", title) for _, title in quoted}
        return None if name in titles else f'no test "{name}" in {path}'
    if name:
        return f"{path} has no named tests"
    return None


def main() -> int:
    header, *lines = LEDGER.read_text(encoding="utf-8").splitlines()
    faults = [] if header.split("\t") == ["id", "state", "proof", "what"] else ["the header is not id, state, proof, what"]
    counts: collections.Counter[str] = collections.Counter()
    seen: set[str] = set()
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != 4:
            faults.append(f"line {number}: {len(cells)} columns instead of 4")
            continue
        id_, state, proof, what = cells
        proofs = [one.strip() for one in proof.split(";") if one.strip()]
        if id_ in seen:
            faults.append(f"{id_}: listed twice")
        seen.add(id_)
        if state not in STATES:
            faults.append(f"{id_}: state {state!r} is none of {', '.join(STATES)}")
        if not what:
            faults.append(f"{id_}: says nothing of what it asks")
        if state == "works" and not proofs:
            faults.append(f"{id_}: works, but names no test")
        faults += [f"{id_}: {fault}" for one in proofs if (fault := fault_of(one))]
        counts[state] += 1
    print(f"{sum(counts.values())} requirements: " + ", ".join(f"{counts[s]} {s}" for s in STATES))
    for fault in faults:
        print(f"requirements: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
