# Third-party libraries. One library = one room with one door; who opens it is written beside it.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
# The name is the one that the installed package config uses, so that the exported targets mean the same thing there.
pkg_check_modules(WEFT_URCU REQUIRED IMPORTED_TARGET liburcu-bp liburcu-cds) # registry
pkg_check_modules(WEFT_UV REQUIRED IMPORTED_TARGET libuv)                   # io

# weft_optional(<AUTO|ON|OFF> <prefix> <pkg-config module>) sets <prefix>_FOUND.
macro(weft_optional wanted prefix module)
    if("${wanted}" STREQUAL "AUTO")
        pkg_check_modules(${prefix} QUIET IMPORTED_TARGET ${module})
    elseif("${wanted}")
        pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
    else()
        set(${prefix}_FOUND FALSE)
    endif()
endmacro()
weft_optional("${WEFT_LTTNG}" WEFT_LTTNG_UST lttng-ust)        # addons/lttng
weft_optional("${WEFT_CONFIG}" WEFT_TOML tomlplusplus)         # addons/config
weft_optional("${WEFT_CLI}" WEFT_BABELTRACE babeltrace2)       # cli
weft_optional("${WEFT_DIAG}" WEFT_MICROHTTPD libmicrohttpd)    # addons/diag
weft_optional("${WEFT_DIAG}" WEFT_JANSSON jansson)             # addons/diag
weft_optional("${WEFT_OTLP}" WEFT_OTLP_CURL libcurl)           # addons/otlp
weft_optional("${WEFT_OTLP}" WEFT_OTLP_JANSSON jansson)        # addons/otlp
weft_optional("${WEFT_OTLP}" WEFT_OTLP_ZLIB zlib)              # addons/otlp
# Of the program only the reader of recordings must be there when it is asked for; `weft top` says itself what it lacks.
if("${WEFT_CLI}" STREQUAL "OFF")
    set(live OFF)
else()
    set(live AUTO)
endif()
weft_optional("${live}" WEFT_CURL libcurl)                     # cli/live
weft_optional("${live}" WEFT_CLI_JANSSON jansson)              # cli/live
weft_optional("${live}" WEFT_NCURSES ncursesw)                 # cli/live
