# SPDX-License-Identifier: Apache-2.0
"""Renders templates with the original's renderer: a JSON object a line in, one out."""
import io
import json
import os
import sys

from os_apply_config import apply_config

for line in sys.stdin:
    case = json.loads(line)
    for name, content in case["partials"].items():
        with open(name + ".mustache", "wb") as partial:
            partial.write(bytes.fromhex(content))
    try:
        text = io.TextIOWrapper(io.BytesIO(bytes.fromhex(case["template"])), encoding="utf-8").read()
        result = apply_config.render_moustache(text, json.loads(case["metadata"])).encode("utf-8").hex()
        print(json.dumps({"result": result}))
    except Exception as error:
        print(json.dumps({"error": type(error).__name__ + ": " + str(error)[:200]}))
    for name in case["partials"]:
        os.unlink(name + ".mustache")
