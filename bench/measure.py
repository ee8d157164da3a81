"""Runs one command and writes what it cost: wall clock, processor time and memory of everything it started.

    measure.py OUT.json -- COMMAND...

The kernel adds up processor time only for processes that were waited for, and what dies with a sandbox is not. So every
process below the command is also looked at ten times a second, and counts with the larger of what was seen and what its
parent was told; orphans are taken over. Memory: of all processes alive at one moment, the sum of the most that each ever
held, which is never less than the truth.
Standard input is empty; standard output and standard error are the caller's. Ends as the command ended.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
EVERY_S = 0.1
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def children(pid):
    """Processes that `pid` started and that are alive."""
    found = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as f:
                found += [int(word) for word in f.read().split()]
        except OSError:
            continue
    return found


def tree(root):
    """`root` and everything below it."""
    seen, due = [], [root]
    while due:
        pid = due.pop()
        seen.append(pid)
        due += children(pid)
    return seen


def highest(pid):
    """Name and most resident memory ever, in bytes; nothing where the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as f:
            lines = dict(line.split(":", 1) for line in f if ":" in line)
        return lines["Name"].strip(), int(lines["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def seconds(pid):
    """Parent, processor seconds of one process with all its threads, and those of the children it waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
        own, waited = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
        return int(fields[1]), own / TICKS_A_SECOND, waited / TICKS_A_SECOND
    except (OSError, ValueError, IndexError):
        return None


class Watch(threading.Thread):
    """Looks at the processes below this one until told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.most = 0
        self.by_name = {}
        self.seen = {}

    def look(self):
        total = 0
        # Orphans are children of this process: start here, and leave this process itself out.
        for pid in tree(os.getpid())[1:]:
            now = seconds(pid)
            if now:
                # The first parent counts: an orphan is not the child of whoever took it over.
                self.seen[pid] = (self.seen.get(pid, now)[0], now[1], now[2])
            found = highest(pid)
            if found:
                name, size = found
                total += size
                self.by_name[name] = max(self.by_name.get(name, 0), size)
        self.most = max(self.most, total)

    def cpu_s(self, parent, waited):
        """Processor seconds below `parent`, which waited for children that took `waited` seconds."""
        below = [(pid, own, w) for pid, (p, own, w) in self.seen.items() if p == parent]
        return max(waited, sum(own + self.cpu_s(pid, w) for pid, own, w in below))

    def run(self):
        while not self.done.wait(EVERY_S):
            self.look()


def main():
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        print(__doc__, file=sys.stderr)
        return 3
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("This system does not let a process take over orphans; Linux 3.4 or newer does.", file=sys.stderr)
        return 2
    watch = Watch()
    watch.start()
    from_s = time.perf_counter()
    try:
        child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL)
    except OSError as e:
        print(f"{sys.argv[3]} cannot be started: {e.strerror}.", file=sys.stderr)
        return 2
    status = child.wait()
    wall_s = time.perf_counter() - from_s
    # What the command left behind ends with it, or is waited for until it does.
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    watch.done.set()
    watch.join()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "wall_s": wall_s,
        "cpu_s": watch.cpu_s(os.getpid(), usage.ru_utime + usage.ru_stime),
        "rss_bytes": max(watch.most, usage.ru_maxrss * 1024),
        "rss_by_program": watch.by_name,
        "status": status,
    }
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(cost, f)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
