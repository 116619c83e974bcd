# Writes docs/operations/events.md from the table of events (src/cmake/trace_table.awk reads it):
#
#   awk -f src/cmake/trace_table.awk -f docs/operations/events.awk include/weft/trace_events.def > docs/operations/events.md

BEGIN {
    size["u8"] = 1
    size["u16"] = 2
    size["u32"] = 4
    size["s32"] = 4
    size["u64"] = 8
}

# Bytes in the recording: 6 of LTTng's header, then the fields without padding; a text takes its length and a zero.
function bytes_of(e,    f, sum, texts) {
    sum = 6
    for (f = 1; f <= fields[e]; f++)
        if (type[e, f] == "str")
            texts++
        else
            sum += (type[e, f] in is_enum) ? 1 : size[type[e, f]]
    return sum (texts ? " + " (texts > 1 ? texts " texts" : "text") : "")
}

function fields_of(e,    f, list) {
    for (f = 1; f <= fields[e]; f++)
        list = list (f > 1 ? ", " : "") "`" field[e, f] "` " \
               ((type[e, f] in is_enum) ? "[" type[e, f] "](#" type[e, f] ")" : type[e, f])
    return list
}

END {
    if (failed || !events)
        exit 1
    print "# The events of weft"
    print ""
    print "<!-- Written by docs/operations/events.awk from include/weft/trace_events.def: change the table, not this page. -->"
    print ""
    print "Provider `weft`, so an event is `weft:task_spawn` to LTTng. Definitions say names, all other events carry numbers:"
    print "tasks, channels and scopes have numbers that are unique in their process, 0 is none; `worker` is the worker's number in"
    print "the process, 65535 is any other thread. How it works, and what it costs: [tracing](../design/tracing.md)."
    print ""
    print "Levels are LTTng's: `lttng enable-event -u -s SESSION -c CHANNEL 'weft:*' --loglevel=INFO` records INFO and what is"
    print "more severe. Bytes are what an event takes in the recording."
    for (e = 1; e <= events; e++) {
        if (e == 1 || section[e] != section[e - 1]) {
            print ""
            print "## " toupper(substr(section[e], 1, 1)) substr(section[e], 2)
            print ""
            print "| event | says | fields | level | bytes |"
            print "| --- | --- | --- | --- | --- |"
        }
        printf "| `%s` | %s | %s | %s | %s |\n", event_name[e], text[e], fields_of(e), level[e], bytes_of(e)
    }
    print ""
    print "## Enumerations"
    for (i = 1; i <= enums; i++) {
        print ""
        print "### " enum_name[i]
        print ""
        for (v = 1; v <= values[i]; v++)
            printf "%s%s %d", (v > 1 ? " · " : ""), label[i, v], number[i, v]
        print ""
    }
}
