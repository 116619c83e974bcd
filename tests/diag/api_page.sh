#!/bin/sh
# docs/operations/api.md holds what is answered; see api_page.py.
exec /usr/bin/python3 "$(dirname "$0")/api_page.py" "${1:?usage: $0 BUILD_DIR}"
