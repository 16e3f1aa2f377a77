"""The token, made by the installer: `python -m edge.web.make_token SETTINGS STATE` prints the file that it made.

It makes one where the settings let other machines reach the page, and none is there yet; else it prints nothing.
STATE is the service's state folder.
"""

from __future__ import annotations

import sys

from edge import config
from edge.errors import EdgeError, one_line
from edge.web.address import is_loopback
from edge.web.token import load, token_file


def main(words: list[str]) -> int:
    """0, or 1 and one line on standard error."""
    file, state = words
    try:
        settings = config.load(file).web
        path = token_file(settings, {"STATE_DIRECTORY": state})
        if not settings.enabled or is_loopback(settings.host) or path is None or path.exists():
            return 0
        path.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        load(path)
    except EdgeError as error:
        print(one_line(error), file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
