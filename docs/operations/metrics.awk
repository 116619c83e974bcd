# Writes docs/operations/metrics.md from the table of metrics:
#
#   awk -f docs/operations/metrics.awk include/weft/metrics.def > docs/operations/metrics.md

function fail(what) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, what, $0 > "/dev/stderr"
    failed = 1
    exit 1
}

# "NAME(a, "some, text", b)" -> argument[1..n], texts without their quotes; returns n.
function arguments(row,    inside, n) {
    inside = row
    sub(/^[^(]*\(/, "", inside)
    sub(/\)[ \t]*$/, "", inside)
    n = 0
    while (inside != "") {
        if (match(inside, /^"[^"]*"/)) {
            argument[++n] = substr(inside, 2, RLENGTH - 2)
            inside = substr(inside, RLENGTH + 1)
        } else {
            match(inside, /^[^,]*/)
            argument[++n] = substr(inside, 1, RLENGTH)
            inside = substr(inside, RLENGTH + 1)
        }
        sub(/^,[ \t]*/, "", inside)
    }
    return n
}

/^WEFT_METRIC_GROUP\(/ {
    if (arguments($0) != 3) fail("a group has a name, labels and a text")
    group_name[++groups] = argument[1]
    group_labels[groups] = argument[2]
    group_text[groups] = argument[3]
}

/^WEFT_METRIC\(/ {
    if (arguments($0) != 6) fail("a metric has a group, a number, a name, a kind, a unit and a text")
    if (argument[1] != group_name[groups]) fail("a metric belongs to the group above it")
    if (argument[4] !~ /^(COUNTER|GAUGE|HISTOGRAM)$/) fail("an unknown kind")
    if (argument[3] in seen) fail("a name stands twice")
    seen[argument[3]] = 1
    place[argument[2]] = ++metrics
    group_of[metrics] = groups
    metric[metrics] = argument[3]
    kind[metrics] = tolower(argument[4])
    unit[metrics] = argument[5]
    text[metrics] = argument[6]
}

/^WEFT_METRIC_ALIAS\(/ {
    if (arguments($0) != 2 || !(argument[1] in place)) fail("an alias belongs to a metric above it")
    alias[place[argument[1]]] = alias[place[argument[1]]] (alias[place[argument[1]]] ? ", " : "") "`" argument[2] "`"
}

END {
    if (failed || !metrics)
        exit 1
    print "# The metrics of weft"
    print ""
    print "<!-- Written by docs/operations/metrics.awk from include/weft/metrics.def: change the table, not this page. -->"
    print ""
    print "What `weft_metrics_visit()` tells, in this order. A name stands behind a prefix, `weft.` if the host gives no other; behind"
    print "one that the host gives families come under their aliases as well. Every sample has the labels `runtime` (its name) and"
    print "`runtime_id` (its number in the process, which tells two of one name apart). How they are measured, how exact they are and"
    print "what they cost: [metrics](../design/metrics.md)."
    for (m = 1; m <= metrics; m++) {
        if (m == 1 || group_of[m] != group_of[m - 1]) {
            g = group_of[m]
            labels = group_labels[g]
            gsub(/[a-z_]+/, "`&`", labels)
            print ""
            print "## " group_name[g]
            print ""
            print toupper(substr(group_text[g], 1, 1)) substr(group_text[g], 2) "." (labels != "" ? " Labels: " labels "." : "")
            print ""
            print "| metric | kind | unit | says | alias |"
            print "| --- | --- | --- | --- | --- |"
        }
        printf "| `%s` | %s | %s | %s | %s |\n", metric[m], kind[m], unit[m], text[m], alias[m]
    }
}
