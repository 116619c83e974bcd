# SPDX-License-Identifier: MIT
# Each line of a text as a string of C with a comma, for the middle of an array.
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    print "\"" $0 "\\n\","
}
