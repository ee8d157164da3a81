"""Holds a crate against the RO-Crate 1.2 profile with roc-validator, without a network.

usage: python3 ro_crate_check.py CRATE CONTEXT [SEVERITY]

The validator asks for the JSON-LD context over HTTP; the file CONTEXT is the answer to that one request, and every other
request fails. Exit status: 0 nothing found, 1 something found (one line each), 2 nothing could be said.
"""

import json
import logging
import sys
import tempfile
from pathlib import Path


def main(crate, context, severity="REQUIRED"):
    import requests
    from rocrate_validator import models, services
    from rocrate_validator.utils.http import HttpRequester

    logging.disable(logging.ERROR)
    sys.addaudithook(refuse)
    body = Path(context).read_bytes()
    known = json.loads(body)["@id"].split("://", 1)[1].rstrip("/")
    unknown = []

    def answer(_self, url, *_args, **_kwargs):
        reply = requests.Response()
        reply.url = str(url)
        if str(url).split("#", 1)[0].split("://", 1)[-1].rstrip("/") == known:
            reply.status_code = 200
            reply.headers["Content-Type"] = "application/ld+json"
            reply._content = body
        else:
            unknown.append(str(url))
            reply.status_code = 504
        return reply

    for name in ("get", "head", "fetch_fresh"):
        setattr(HttpRequester, name, answer)
    with tempfile.TemporaryDirectory() as cache:
        settings = services.ValidationSettings(
            rocrate_uri=str(Path(crate).resolve()),
            profile_identifier="ro-crate-1.2",
            requirement_severity=models.Severity[severity],
            offline=True,
            cache_path=Path(cache) / "http",
            skip_availability_check=True,
        )
        result = services.validate(settings)
        issues = [f"{i.severity.name} {i.check.identifier}: {i.message}" for i in result.get_issues()]
        looked = len(result.executed_checks)
    if unknown or not looked:
        print(f"nothing could be said: {looked} checks, asked for {sorted(set(unknown))}")
        return 2
    print("\n".join(issues))
    print(f"{looked} checks, {len(issues)} found")
    return 1 if issues else 0


def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError(f"no network here: {args!r}")


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Exception as error:  # whatever stops the validator says nothing about the crate
        print(f"nothing could be said: {type(error).__name__}: {error}")
        sys.exit(2)
