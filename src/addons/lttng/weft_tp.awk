# Writes weft_tp.h, the tracepoints in LTTng's own words, from the table of events.
#
# Why not the preprocessor alone: LTTng reads this header a dozen times with its macros redefined, and an enumeration must be
# one macro call that holds all of its values. A table of one row per value cannot become that without knowing LTTng's
# inside, which changes between its versions; a plain generated header uses only what it documents.

BEGIN {
    ctype["u8"] = "uint8_t"
    ctype["u16"] = "uint16_t"
    ctype["u32"] = "uint32_t"
    ctype["u64"] = "uint64_t"
    ctype["s32"] = "int32_t"
}

function argument_of(e, f) {
    if (type[e, f] == "str")
        return "const char *, " field[e, f]
    return (type[e, f] in is_enum ? "uint8_t" : ctype[type[e, f]]) ", " field[e, f]
}

function field_of(e, f,    word, name) {
    word = type[e, f]
    name = field[e, f]
    if (word == "str")
        return "lttng_ust_field_string(" name ", " name ")"
    if (word in is_enum)
        return "lttng_ust_field_enum(weft, " word ", uint8_t, " name ", " name ")"
    if (!(word in ctype)) {
        print "trace_events.def: " event_name[e] ": no type '" word "'" > "/dev/stderr"
        exit 1
    }
    return "lttng_ust_field_integer(" ctype[word] ", " name ", " name ")"
}

END {
    if (failed || !events)
        exit 1
    print "/* Written by weft_tp.awk from <weft/trace_events.def>: change the table, not this file. */"
    print "#undef LTTNG_UST_TRACEPOINT_PROVIDER"
    print "#define LTTNG_UST_TRACEPOINT_PROVIDER weft"
    print "#undef LTTNG_UST_TRACEPOINT_INCLUDE"
    print "#define LTTNG_UST_TRACEPOINT_INCLUDE \"weft_tp.h\""
    print "#if !defined(WEFT_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)"
    print "#define WEFT_TP_H"
    print "#include <lttng/tracepoint.h>"
    print "#include <stdint.h>"
    for (e = 1; e <= enums; e++) {
        printf "\nLTTNG_UST_TRACEPOINT_ENUM(weft, %s, LTTNG_UST_TP_ENUM_VALUES(\n", enum_name[e]
        for (v = 1; v <= values[e]; v++)
            printf "    lttng_ust_field_enum_value(\"%s\", %s)\n", label[e, v], number[e, v]
        print "))"
    }
    for (e = 1; e <= events; e++) {
        printf "\nLTTNG_UST_TRACEPOINT_EVENT(weft, %s,\n    LTTNG_UST_TP_ARGS(", event_name[e]
        for (f = 1; f <= fields[e]; f++)
            printf "%s%s", (f > 1 ? ", " : ""), argument_of(e, f)
        printf "),\n    LTTNG_UST_TP_FIELDS(\n"
        for (f = 1; f <= fields[e]; f++)
            printf "        %s\n", field_of(e, f)
        printf "    ))\n"
        printf "LTTNG_UST_TRACEPOINT_LOGLEVEL(weft, %s, LTTNG_UST_TRACEPOINT_LOGLEVEL_%s)\n", event_name[e], level[e]
    }
    print "\n#endif"
    print "#include <lttng/tracepoint-event.h>"
}
