# weft_component(<name> [PACKAGES <PREFIX=pkg-config module>...] [LIBRARIES <name>...])
#
# The folder becomes libweft-<name>.so and libweft-<name>.a, installed with their header <weft/<name>.h>, a pkg-config file
# and the targets weft::<name> and weft::<name>_static of find_package(weft). It takes every .c and .cc file of the folder. A
# component sees public headers and base/ only; it exports weft_<name>_*. LIBRARIES is what the static one needs besides.
#
# Of base/ the shared one gets a copy of what it uses, but never of the error texts: weft_error_refuse() writes the only ones.
function(weft_component name)
    cmake_parse_arguments(arg "" "" "PACKAGES;LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c" "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
    set(links "")
    set(modules "")
    foreach(package IN LISTS arg_PACKAGES)
        string(REGEX MATCH "^([^=]+)=(.+)$" package "${package}")
        list(APPEND links "PkgConfig::${CMAKE_MATCH_1}")
        list(APPEND modules "${CMAKE_MATCH_2}")
        set_property(GLOBAL APPEND PROPERTY WEFT_LOOKUPS
            "pkg_check_modules(${CMAKE_MATCH_1} QUIET IMPORTED_TARGET GLOBAL ${CMAKE_MATCH_2})")
    endforeach()

    if(NOT TARGET weft_base_copy)
        add_library(weft_base_copy STATIC "$<FILTER:$<TARGET_OBJECTS:weft_base>,EXCLUDE,/(error|version)[.]c[.]o>")
        set_target_properties(weft_base_copy PROPERTIES LINKER_LANGUAGE C EXCLUDE_FROM_ALL ON
            ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/src")
    endif()
    add_library(weft_${name}_objects OBJECT ${sources})
    set_target_properties(weft_${name}_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_definitions(weft_${name}_objects PRIVATE _GNU_SOURCE)
    target_link_libraries(weft_${name}_objects PRIVATE weft_house ${links} Threads::Threads)

    set(map "${CMAKE_CURRENT_BINARY_DIR}/weft-${name}.map")
    file(CONFIGURE OUTPUT "${map}" CONTENT "WEFT_0.1 {\n    global: weft_${name}_[a-z]*;\n    local: *;\n};\n")
    add_library(weft_${name} SHARED $<TARGET_OBJECTS:weft_${name}_objects>)
    add_library(weft_${name}_static STATIC $<TARGET_OBJECTS:weft_${name}_objects>)
    target_link_libraries(weft_${name} PUBLIC weft PRIVATE weft_base_copy ${links} Threads::Threads)
    target_link_libraries(weft_${name}_static PUBLIC weft_static PRIVATE ${links} ${arg_LIBRARIES} Threads::Threads)
    target_link_options(weft_${name} PRIVATE "LINKER:--version-script,${map}" LINKER:--as-needed)
    if(NOT WEFT_SANITIZE)
        target_link_options(weft_${name} PRIVATE LINKER:--no-undefined)
    endif()
    set_target_properties(weft_${name} PROPERTIES
        VERSION ${PROJECT_VERSION} SOVERSION ${WEFT_SOVERSION} LINK_DEPENDS "${map}")
    foreach(kind IN ITEMS ${name} ${name}_static)
        add_library(weft::${kind} ALIAS weft_${kind})
        set_target_properties(weft_${kind} PROPERTIES OUTPUT_NAME weft-${name} EXPORT_NAME ${kind})
    endforeach()
    set_property(GLOBAL APPEND PROPERTY WEFT_COMPONENTS ${name})
    set_property(GLOBAL PROPERTY WEFT_COMPONENT_${name}_MODULES ${modules})
    list(TRANSFORM arg_LIBRARIES PREPEND "-l") # as a pkg-config file spells them
    set_property(GLOBAL PROPERTY WEFT_COMPONENT_${name}_LIBRARIES ${arg_LIBRARIES})
endfunction()

# weft_absent(<file or folder of the source tree>...): this build leaves it out, for want of a library. tests/lint looks here
# before it complains of a file that nobody builds; a header of a component that is absent is not installed.
function(weft_absent)
    set_property(GLOBAL APPEND PROPERTY WEFT_ABSENT ${ARGN})
endfunction()
