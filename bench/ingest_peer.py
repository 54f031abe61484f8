"""Times OVS's own Python parser (ovs.flow.odp.ODPFlow) over the lines of a dump on stdin.

Prints one JSON object: {"flows": n, "seconds": s}.
"""

import json
import sys
import time

from ovs.flow.odp import ODPFlow


def main():
    lines = [line.rstrip("\n") for line in sys.stdin]
    ODPFlow(lines[0])  # builds its decoders
    start = time.perf_counter()
    for line in lines:
        ODPFlow(line)
    seconds = time.perf_counter() - start
    json.dump({"flows": len(lines), "seconds": seconds}, sys.stdout)


main()
