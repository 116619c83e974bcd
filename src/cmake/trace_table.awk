# Reads include/weft/trace_events.def into arrays. Another awk file follows on the command line and writes something from
# them in its END: awk -f trace_table.awk -f weft_tp.awk trace_events.def
#
#   enums                 how many enumerations;   enum_name[e]
#   values[e]             how many values;         label[e, v]  number[e, v]
#   events                how many events;         event_name[e]  level[e]  text[e]
#   fields[e]             how many fields;         type[e, f]  field[e, f]
#   section[e]            the comment line above the event's group
#   is_enum[word]         the word is an enumeration's name

function fail(what) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, what, $0 > "/dev/stderr"
    failed = 1
    exit 1
}

# "NAME(a, b, "some, text", c)" -> argument[1..n], the text without its quotes; returns n.
function arguments(row,    inside, quoted, n, i) {
    inside = row
    sub(/^[^(]*\(/, "", inside)
    sub(/\)[ \t]*$/, "", inside)
    quoted = ""
    if (match(inside, /"[^"]*"/)) {
        quoted = substr(inside, RSTART + 1, RLENGTH - 2)
        inside = substr(inside, 1, RSTART - 1) "\"" substr(inside, RSTART + RLENGTH)
    }
    n = split(inside, argument, /[ \t]*,[ \t]*/)
    for (i = 1; i <= n; i++) {
        gsub(/^[ \t]+|[ \t]+$/, "", argument[i])
        if (argument[i] == "\"")
            argument[i] = quoted
    }
    return n
}

/^\/\*.*\*\/$/ {
    heading = $0
    gsub(/^\/\* *| *\*\/$/, "", heading)
}

/^WEFT_ENUM_BEGIN\(/ {
    if (arguments($0) != 1) fail("an enumeration has a name")
    enum_name[++enums] = argument[1]
    is_enum[argument[1]] = 1
}

/^WEFT_ENUM_VALUE\(/ {
    if (arguments($0) != 3 || argument[1] != enum_name[enums]) fail("a value belongs to the enumeration above it")
    values[enums]++
    label[enums, values[enums]] = argument[2]
    number[enums, values[enums]] = argument[3]
}

/^WEFT_EVENT[0-9]+\(/ {
    wanted_fields = $0
    sub(/^WEFT_EVENT/, "", wanted_fields)
    sub(/\(.*/, "", wanted_fields)
    if (arguments($0) != 3 + 2 * wanted_fields) fail("the row's name says another number of fields")
    event_name[++events] = argument[1]
    level[events] = argument[2]
    text[events] = argument[3]
    fields[events] = wanted_fields + 0
    section[events] = heading
    for (i = 1; i <= fields[events]; i++) {
        type[events, i] = argument[2 + 2 * i]
        field[events, i] = argument[3 + 2 * i]
    }
}
