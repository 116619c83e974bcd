# The files of the page as a table of C (files.c): cmake -DOUT=<header> -P embed.cmake
#
# All but the page itself lie below /page/<hash of all of them>/, so whoever has one may keep it for ever, and a page never
# gets the script of another version. @files@ in the page is that path. No other program is needed.

cmake_minimum_required(VERSION 3.22)
set(here "${CMAKE_CURRENT_LIST_DIR}")
file(GLOB files RELATIVE "${here}" "${here}/*.js" "${here}/*.css" "${here}/uplot/*")
list(SORT files)

set(all "")
foreach(file IN LISTS files)
    file(SHA256 "${here}/${file}" sum)
    string(APPEND all "${file} ${sum}\n")
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING "${hash}" 0 16 hash)

set(arrays "")
set(rows "")

# embed(<file> <its path in a URL> <ETag> <lasts>): `content` is what is in it.
macro(embed file path tag lasts)
    string(MAKE_C_IDENTIFIER "page_${file}" name)
    string(REGEX REPLACE "(........................................)" "\\1\n    " bytes "${content}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    get_filename_component(suffix "${file}" LAST_EXT)
    if(suffix STREQUAL ".js")
        set(type "javascript")
    elseif(suffix MATCHES "^[.](css|html)$")
        set(type "${CMAKE_MATCH_1}")
    else()
        set(type "plain")
    endif()
    string(APPEND arrays "static const unsigned char ${name}[] = {\n    ${bytes}\n};\n")
    string(APPEND rows "    {\"${path}\", \"text/${type}; charset=utf-8\", \"\\\"${tag}\\\"\", ${name}, sizeof ${name}, ${lasts}},\n")
endmacro()

file(READ "${here}/index.html" page)
string(REPLACE "@files@" "/page/${hash}" page "${page}")
string(SHA256 tag "${page}")
string(SUBSTRING "${tag}" 0 16 tag)
string(HEX "${page}" content)
embed(index.html / ${tag} false)
foreach(file IN LISTS files)
    file(READ "${here}/${file}" content HEX)
    embed(${file} /page/${hash}/${file} ${hash} true)
endforeach()
file(WRITE "${OUT}.new" "/* Made by embed.cmake. */\n${arrays}\nstatic const struct weft__diag_file page_files[] = {\n${rows}};\n")
file(RENAME "${OUT}.new" "${OUT}")
