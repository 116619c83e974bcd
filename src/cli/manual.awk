# SPDX-License-Identifier: MIT
# The help of `weft`, and of its commands that have commands of their own, as the manual page weft(1): what a command takes and
# what it does is written once, in its row of the table. Give the version with -v version=..., and the helps in this order.

# As the page is written: a hyphen is one, and a backslash too; a dot at the beginning is no request.
function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/…/, "...", text)
    return text
}

# The words that a user replaces, and those that are typed as they are.
function arguments(text,   out, at, word) {
    out = ""
    while (match(text, /--?[a-z][a-z-]*|[A-Z][A-Z]*/)) {
        at = substr(text, RSTART - 1, 1)
        word = substr(text, RSTART, RLENGTH)
        out = out plain(substr(text, 1, RSTART - 1))
        if (word ~ /^-/ && RSTART > 1 && at !~ /[ [(|]/)
            out = out plain(word)
        else
            out = out (word ~ /^-/ ? "\\fB" : "\\fI") plain(word) "\\fR"
        text = substr(text, RSTART + RLENGTH)
    }
    return out plain(text)
}

function finish() {
    if (name == "" || summary ~ /^not in this program/)
        return
    print ".TP"
    print "\\fB" program " " name "\\fR " arguments(taken)
    print "\\&" plain(summary)
}

BEGIN {
    print ".\\\" Made from the help of the program by src/cli/manual.awk."
    print ".TH WEFT 1 \"\" \"weft " version "\" \"User Commands\""
    print ".SH NAME"
    print "weft \\- look into programs that use the library weft, while they run or by what was recorded"
    print ".SH SYNOPSIS"
    print "\\fBweft\\fR \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]"
    print ".br"
    print "\\fBweft\\fR \\fBhelp\\fR [\\fICOMMAND\\fR...]"
    print ".br"
    print "\\fBweft\\fR \\fB\\-\\-version\\fR"
}
FNR == 1 {
    finish()
    name = ""
    program = $0
    sub(/^usage: /, "", program)
    sub(/ COMMAND.*/, "", program)
    print ".SH COMMANDS" (program == "weft" ? "" : " OF " toupper(program))
    next
}
/^  [a-z]/ {
    finish()
    name = $1
    taken = substr($0, 4 + length(name))
    summary = ""
    next
}
/^         / { # the arguments go on
    sub(/^ */, "")
    taken = taken " " $0
    next
}
/^        / {
    sub(/^ */, "")
    summary = summary (summary == "" ? "" : " ") $0
}
END {
    finish()
    print ".SH EXIT STATUS"
    print "0 if it was done, 1 if it failed, 2 if it was called wrongly; otherwise what the command says."
    print ".SH SEE ALSO"
    print ".BR lttng (1),"
    print ".BR babeltrace2 (1)"
}
