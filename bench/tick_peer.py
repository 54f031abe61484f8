"""One round of an offload decider written on OVS's own Python parser.

Reads two looks at the same flows (lines of dpctl/dump-flows, a blank line between them) from
stdin; for each look parses every line, works out packets/s and takes the best 8,192 flows.
Prints one JSON object: {"flows": n, "seconds": s} for the second look.
"""

import json
import sys
import time

from ovs.flow.odp import ODPFlow

ENTRIES = 8192


def round_of(lines, before, interval):
    now = {}
    rates = []
    for line in lines:
        flow = ODPFlow(line)
        packets = flow.info["packets"]
        ufid = line.split(",", 1)[0]
        now[ufid] = packets
        rates.append(((packets - before.get(ufid, 0)) / interval, flow))
    rates.sort(key=lambda pair: pair[0], reverse=True)
    return now, [flow for rate, flow in rates[:ENTRIES] if rate >= 200]


def main():
    looks = [part.split("\n") for part in sys.stdin.read().strip().split("\n\n")]
    before, _ = round_of(looks[0], {}, 0.25)
    start = time.perf_counter()
    round_of(looks[1], before, 0.25)
    seconds = time.perf_counter() - start
    json.dump({"flows": len(looks[1]), "seconds": seconds}, sys.stdout)


main()
