"""Holds what the program writes against the schemas, with validators that are not ours.

Usage: validate.py PROGRAM SARIF_SCHEMA JUNIT_XSD. Needs the packages jsonschema, junitparser and xmlschema.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import jsonschema
import xmlschema
from junitparser import JUnitXml

program, sarif_schema, junit_schema = sys.argv[1:4]
root = pathlib.Path(__file__).resolve().parent.parent
fixtures = root / "fixtures"


def run(*args):
    return subprocess.run([program, *map(str, args)], check=True, capture_output=True).stdout


def validator(schema):
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    cls.check_schema(schema)
    return cls(schema)


def hold(what, check, value):
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in check.iter_errors(value)]
    if errors:
        sys.exit(f"{what}:\n  " + "\n  ".join(errors[:10]))


report = validator(json.loads(run("schema")))
config = validator(json.loads(run("schema", "config")))
sarif = validator(json.loads(pathlib.Path(sarif_schema).read_text()))
junit = xmlschema.XMLSchema(junit_schema)
checked = 0

for path in sorted((fixtures / "expected").glob("*.json")):
    value = json.loads(path.read_text())
    if "outcome" in value:
        hold(path.name, report, value)
        checked += 1

example = re.search(r"```toml\n(.*?)```", (root / "README.md").read_text(), re.S).group(1)
hold("the README's configuration", config, json.loads(json.dumps(tomllib.loads(example), default=str)))

hostile = "".join(
    f"2026-11-22 10:{i // 60:02}:{i % 60:02},000 ERROR [PUSH-FAIL] 5000ms, Service{{namespace='\x1b[2J\x00n', group=']]>&<x', "
    f"name='[a](b)\u202e\ufffe', ephemeral=true, revision={i}}}, reason=\x0b\x01bad, requestId =1, target=10.0.0.{i % 9}\n\n"
    for i in range(300)
)
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    (scratch / "odd:name %41 中").mkdir()
    (scratch / "odd:name %41 中" / "naming-push.log").write_text(hostile)
    (scratch / "known.json").write_bytes(run("analyze", fixtures / "incidents/stuck-client", "-f", "json"))
    (scratch / "c.toml").write_text('[[suppress]]\nfinding = "faulty-client"\nreason = "x"\nexpires = "never"\n')
    incidents = sorted((fixtures / "incidents").iterdir()) + [scratch / "odd:name %41 中"]
    for incident in incidents:
        for more in [[], ["--lang", "zh"], ["--redact"], ["--baseline", scratch / "known.json", "--config", scratch / "c.toml"]]:
            args = ["analyze", incident, *more, "-f"]
            what = f"{incident.name} {' '.join(map(str, more))}"
            hold(f"{what} (json)", report, json.loads(run(*args, "json")))
            log = json.loads(run(*args, "sarif"))
            hold(f"{what} (sarif)", sarif, log)
            out = scratch / "out.xml"
            out.write_bytes(run(*args, "junit"))
            errors = [f"{e.path}: {e.reason}" for e in junit.iter_errors(str(out))]
            if errors:
                sys.exit(f"{what} (junit):\n  " + "\n  ".join(errors[:10]))
            suites = JUnitXml.fromfile(str(out))
            cases = sum(len(s) for s in suites)
            if cases != suites.tests or cases == 0:
                sys.exit(f"{what} (junit): {cases} cases, {suites.tests} told")
            checked += 3

print(f"{checked} documents fit their schemas")
