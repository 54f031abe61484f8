"""Reads datapath flows with OVS's own Python parser (ovs.flow.odp.ODPFlow).

Lines of a dump on stdin; for each a line of JSON on stdout: the flow as the parser has it, or
{"error": "..."} where it fails. Values with a mask are [value, mask] as hexadecimal text.
"""

import json
import sys

from ovs.flow.decoders import EthMask, IntMask, IPMask
from ovs.flow.kv import KVParser
from ovs.flow.odp import ODPFlow


def plain(value):
    """What the decoders of ovs.flow made, as JSON."""
    if isinstance(value, IntMask):
        return ["%x" % value.value, "%x" % value.mask]
    if isinstance(value, EthMask):
        mask = value.mask.value if value.mask is not None else 2**48 - 1
        return ["%x" % value.eth.value, "%x" % mask]
    if isinstance(value, IPMask):
        return ["%x" % value.ip.value, "%x" % value.mask.value]
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return {str(i): plain(v) for i, v in enumerate(value)}
    return str(value)


def words(pairs):
    return [word(pair) for pair in pairs]


def word(pair):
    text = pair.meta.vstring
    return {
        "name": pair.key,
        "written": pair.meta.kstring,
        "text": text,
        "value": plain(pair.value),
        # The parser keeps no texts of what is nested: they come from a second look.
        "inside": match(text) if pair.key == "encap" else [],
    }


def match(text):
    parser = KVParser(text, ODPFlow.match_decoders())
    parser.parse()
    return words(parser.kv())


def cut_inner_encap(line):
    """(line without its second encap(...), what stood in that one); (line, None) without two."""
    outer = line.find("encap(")
    inner = line.find("encap(", outer + 1)
    if outer < 0 or inner < 0:
        return line, None
    begin = inner + len("encap(")
    depth = 1
    end = begin
    while depth > 0:
        depth += {"(": 1, ")": -1}.get(line[end], 0)
        end += 1
    return line[: inner - 1] + line[end:], line[begin : end - 1]


def read(line):
    rest, inner = cut_inner_encap(line)
    flow = ODPFlow(rest)
    return {
        "ufid": flow.ufid["ufid"],
        "info": flow.info,
        "match": words(flow.match_kv),
        "innerEncap": [] if inner is None else match(inner),
        "actions": words(flow.actions_kv),
    }


def main():
    for line in sys.stdin:
        try:
            print(json.dumps(read(line.rstrip("\n"))))
        except Exception as error:  # whatever the parser fails with is its answer
            cause = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            print(json.dumps({"error": "%s: %s" % (error, cause)}))


main()
