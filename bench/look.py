"""Asks a running workbench for what its pages show of a large case, and writes how long each answer took.

    look.py OUT.json LINK TIMES

Lists, items and custody events are asked for once for warmth, then TIMES times for the record, over one connection. Times are
in milliseconds, from the first byte sent to the last byte read. Items come from both ends of the case and from its middle.
"""

import http.client
import json
import sys
import time
from urllib.parse import quote, urlsplit


class Workbench:
    """One session over one connection."""

    def __init__(self, link):
        link = urlsplit(link)
        self.server = http.client.HTTPConnection(link.hostname, link.port, timeout=600)
        self.server.request("GET", f"{link.path}?{link.query}")
        answer = self.server.getresponse()
        answer.read()
        self.headers = {"Cookie": (answer.getheader("Set-Cookie") or "").split(";")[0]}

    def ask(self, path):
        """The answer, and milliseconds."""
        begun = time.perf_counter()
        self.server.request("GET", f"/api/v1/{path}", headers=self.headers)
        answer = self.server.getresponse()
        body = answer.read()
        ms = (time.perf_counter() - begun) * 1000
        if answer.status != 200:
            sys.exit(f"`{path.split('/')[0]}` was answered with {answer.status}.")
        return json.loads(body), ms


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 3
    bench, times = Workbench(sys.argv[2]), int(sys.argv[3])
    overview, first_ms = bench.ask("case")
    first, _ = bench.ask("items?limit=100")
    pages = [first, *(bench.ask(f"items?limit=100&sort={sort}")[0] for sort in ("oldest", "title"))]
    items = [page["items"][i]["item"] for page in pages for i in (0, 33, 66, 99)]
    title = quote(pages[2]["items"][50]["title"])
    questions = {
        "items": ["items?limit=100"],
        "items, next page": [f"items?limit=100&cursor={quote(first['next'])}"],
        "items by title": ["items?limit=100&sort=title"],
        "items of a kind": [f"items?limit=100&kind={first['items'][0]['kind']}"],
        "items with a word in the title": [f"items?limit=100&text={title}"],
        "show": [f"items/{i}" for i in items],
        "custody": [f"items/{i}/custody" for i in items],
        "ledger page": ["custody?limit=100"],
        "overview": ["case"],
    }
    taken = {name: [] for name in questions}
    for counted in range(times + 1):
        for name, paths in questions.items():
            for path in paths:
                _, ms = bench.ask(path)
                if counted:
                    taken[name].append(ms)
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump({"counts": overview["counts"], "first_overview_ms": first_ms, "items": items, "ms": taken}, f)
    return 0


if __name__ == "__main__":
    sys.exit(main())
