# Writes docs/operations/configuration.md from the table of keys:
#
#   awk -f docs/operations/configuration.awk include/weft/config_keys.def > docs/operations/configuration.md

# "NAME(a, "some, text", b)" -> argument[1..n], texts without their quotes.
function arguments(row,    n, text) {
    sub(/^[^(]*\(/, "", row)
    sub(/\)[ \t]*$/, "", row)
    n = 0
    while (row != "") {
        if (match(row, /^"[^"]*"/)) {
            text = substr(row, 2, RLENGTH - 2)
        } else {
            match(row, /^[^,]*/)
            text = substr(row, 1, RLENGTH)
        }
        row = substr(row, RLENGTH + 1)
        sub(/^,[ \t]*/, "", row)
        argument[++n] = text
    }
    return n
}

function row(key, type, otherwise, when, text) {
    printf "| `%s` | %s | %s | %s | %s |\n", key, type, otherwise, when == "LIVE" ? "at once" : "next start", text
}

BEGIN {
    print "# Every key of the configuration file"
    print ""
    print "<!-- Written by docs/operations/configuration.awk from include/weft/config_keys.def: change the table, not this page. -->"
    print ""
    print "How a program and its file belong together: [the guide](../guide/configuration.md). `weft check FILE` says what is wrong"
    print "with a file. A file is TOML 1.0, at most 1 MiB; tables, arrays and the parts of a key are at most 32 deep."
    print ""
    print "What is in force is the file, over it `[env.NAME]` of the environment that the program or `WEFT_ENV` names (at most 64"
    print "environments; each may have all of the sections below but `env`), over that, where the program allows them, variables of"
    print "the environment: `WEFT_RUNTIME__WORKER_THREADS=4` is `worker_threads = 4` in `[runtime]`, and"
    print "`WEFT_CHANNELS__ORDERS__BUFFER_SIZE=100` is `buffer_size = 100` in `[channels.orders]`."
    print ""
    print "A section may be left out, and so may each key. A key that is not here is an error, but below `[app]`, where the program"
    print "has its own. *Counts* says when a new value counts that a reload brings."
}

/^WEFT_CONFIG_SECTION\(/ {
    arguments($0)
    named = argument[2] == "NAMED" ? ".<name>" : ""
    printf "\n## [%s%s]\n\n%s.\n\n| key | is | without it | counts | says |\n| --- | --- | --- | --- | --- |\n", argument[1], named, \
        toupper(substr(argument[3], 1, 1)) substr(argument[3], 2)
}
/^WEFT_CONFIG_INTEGER\(/ { arguments($0); row(argument[2], "an integer from " argument[4] " to " argument[5], argument[6], argument[7], argument[8]) }
/^WEFT_CONFIG_TEXT\(/ { arguments($0); row(argument[2], "a string of " argument[4] " to " argument[5] " bytes", argument[6], argument[7], argument[8]) }
/^WEFT_CONFIG_FRACTION\(/ { arguments($0); row(argument[2], "a number above 0 and at most 1", argument[4], argument[5], argument[6]) }
/^WEFT_CONFIG_FLAG\(/ { arguments($0); row(argument[2], "true or false", argument[4], argument[5], argument[6]) }
/^WEFT_CONFIG_CHOICE\(/ {
    arguments($0)
    gsub(/\|/, "\", \"", argument[4])
    row(argument[2], "\"" argument[4] "\"", argument[5], argument[6], argument[7])
}
