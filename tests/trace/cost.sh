#!/bin/bash
# A program with the provider loaded and no session executes at most 3 % more instructions than one without, of which its
# work is at most 1 %.
#
#   cost.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 60

exec "$(dirname "$(realpath "$0")")/../../bench/trace_cost" "${1:?the build folder}" --gate
