"""Puts questions to a running workbench, as its pages do, and writes how long each answer took.

    ask.py OUT.json LINK QUESTIONS.json

Every question is asked once for warmth, then once for the record, over one connection. `took_ms` is what the workbench says;
`ms` is from the first byte sent to the last byte read.
"""

import http.client
import json
import sys
import time
from urllib.parse import urlsplit


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 3
    link = urlsplit(sys.argv[2])
    with open(sys.argv[3], encoding="utf-8") as f:
        questions = json.load(f)
    server = http.client.HTTPConnection(link.hostname, link.port, timeout=60)
    server.request("GET", f"{link.path}?{link.query}")
    answer = server.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    if not cookie:
        print(f"The workbench gave no session; it answered {answer.status}.", file=sys.stderr)
        return 2
    headers = {"Cookie": cookie}
    server.request("GET", "/api/v1/session", headers=headers)
    headers["X-Zapys-Csrf"] = json.loads(server.getresponse().read())["csrf"]
    headers["Content-Type"] = "application/json"
    server.request("GET", "/api/v1/case", headers=headers)
    counts = json.loads(server.getresponse().read()).get("counts")
    taken = []
    for counted in (False, True):
        for query in questions:
            body = json.dumps({"query": query}).encode()
            begun = time.perf_counter()
            server.request("POST", "/api/v1/search", body=body, headers=headers)
            answer = server.getresponse()
            text = answer.read()
            ms = (time.perf_counter() - begun) * 1000
            if answer.status != 200:
                print(f"A question was answered with {answer.status}.", file=sys.stderr)
                return 2
            if counted:
                found = json.loads(text)
                taken.append({"query": query, "ms": ms, "took_ms": found["took_ms"], "total": found["total"]})
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump({"counts": counts, "answers": taken}, f, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
