# weft_room(<name> [SOURCES a.c b.c])
#
# One folder of src/ becomes one object library `weft_<name>`; src/CMakeLists.txt joins them. Each file is compiled once, as
# position-independent code, for libweft.so and libweft.a alike.
#
# Without SOURCES the room takes every .c file of its folder. A list written by hand is where two people who each add a
# file meet in a merge conflict, and a forgotten line is a file that nobody builds; CONFIGURE_DEPENDS looks again at each
# build. A room without files is skipped, so that a room may be planned before it is built.
function(weft_room name)
    cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
    if(NOT arg_SOURCES)
        file(GLOB arg_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c")
    endif()
    if(NOT arg_SOURCES)
        return()
    endif()
    add_library(weft_${name} OBJECT ${arg_SOURCES})
    set_target_properties(weft_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(weft_${name} PRIVATE weft_house weft_chaos weft_across PkgConfig::WEFT_URCU PkgConfig::WEFT_UV Threads::Threads)
    set_property(GLOBAL APPEND PROPERTY WEFT_ROOMS weft_${name})
endfunction()
