# SPDX-License-Identifier: Apache-2.0
"""What bench-table and bench-ensemble write: rows of figures, what each must
reach, and the machine that they are of.

A function row_NAME of a script measures one row or some, and yields them.
"""

import dataclasses
import os
import subprocess

from bench_servers import BUILD, ROOT, Apache


@dataclasses.dataclass
class Row:
    """One line of the table: figures by server, and what zabd must reach."""

    what: str
    unit: str
    figure: dict  # server name: value
    target: str = ""
    limit: float | None = None
    more_is_better: bool = False

    def verdict(self):
        ours = self.figure.get("zabd")
        if ours is None or self.limit is None:
            return ""
        ratio = ours / self.limit if self.limit else 0
        good = ratio >= 1 if self.more_is_better else ratio <= 1
        return "reached" if good else f"**not reached** ({ratio:.2f} x)"

    def line(self, names):
        """With a column for each server."""
        cells = [self.what, self.unit]
        cells += [show(self.figure.get(name)) for name in names]
        cells += [self.target, show(self.limit), self.verdict()]
        return "| " + " | ".join(cells) + " |"


def show(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def times(figure, name, factor):
    """factor x that server's figure, or None without one."""
    return figure[name] * factor if figure.get(name) else None


def pick(result, key):
    """A figure of a `zab bench`."""
    latency = result["latency_us"]
    return latency[key] if key in latency else result[key]


def rows_of(script):
    """{name: function} of the rows that a script's globals can measure."""
    return {name[len("row_"):].replace("_", "-"): function
            for name, function in list(script.items())
            if name.startswith("row_")}


def measure(rows, m, names, troubles):
    """The rows of these names, and which could not be measured: (name, why)."""
    found, skipped = [], []
    for name in names:
        print(f"{name}:", flush=True)
        try:
            for row in rows[name](m):
                found.append(row)
        except troubles as e:
            print(f"  {e!r}")
            why = (str(e).splitlines() or [repr(e)])[0]
            skipped.append((name, why[:200].replace("|", "/")))
    return found, skipped


def publish(text, page, output, lacks):
    """Print the page, and write it where the operator said; else to `page`
    below docs/, where the last full run is, unless this one lacks something:
    {what: whether it does}."""
    print("\n" + text)
    lacks = [what for what, holds in lacks.items() if holds]
    if lacks and not output:
        print(f"docs/{page} stays as it was: {', '.join(lacks)}")
        return
    output = output or os.path.join(ROOT, "docs", page)
    with open(output, "w") as file:
        file.write(text)
    print(f"written to {output}")


def machine():
    """What a reader must know of the machine: (name, value) pairs."""
    cpu = "?"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
    with open("/proc/meminfo") as info:
        memory_kib = int(info.readline().split()[1])
    with open("/proc/mounts") as mounts:
        disks = [line.split()[:3] for line in mounts]
    here = os.path.realpath(BUILD)
    disk = max(
        (d for d in disks if here.startswith(d[1])), key=lambda d: len(d[1])
    )
    java = subprocess.run(["java", "-version"], stderr=subprocess.PIPE,
                          text=True).stderr if Apache.is_there() else ""
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"],
        stdout=subprocess.PIPE, text=True).stdout.strip()
    return [
        ("CPU", f"{os.cpu_count()} x {cpu}"),
        ("memory", f"{memory_kib // 1024} MiB"),
        ("kernel", os.uname().release),
        ("disk", f"{disk[0]}, {disk[2]}"),
        ("Java", java.splitlines()[0] if java else "none"),
        ("commit", commit or "?"),
    ]
