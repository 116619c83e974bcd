#!/bin/sh
# docs/conformance.md says what the tests say.
exec /usr/bin/python3 "$(dirname "$0")/conformance.py" --check
