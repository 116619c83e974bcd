# What `cmake --install` puts where, and how others find it: pkg-config (weft.pc) and find_package(weft).

include(CMakePackageConfigHelpers)

get_property(absent GLOBAL PROPERTY WEFT_ABSENT)
list(JOIN absent "\n" lines)
file(WRITE "${PROJECT_BINARY_DIR}/absent.txt" "${lines}\n")
set(without "")
foreach(path IN LISTS absent)
    if(path MATCHES "^include/(.*)")
        list(APPEND without PATTERN "${CMAKE_MATCH_1}" EXCLUDE)
    endif()
endforeach()
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.def" ${without})
install(TARGETS weft weft_static EXPORT weft)
get_property(components GLOBAL PROPERTY WEFT_COMPONENTS)
foreach(component IN LISTS components)
    install(TARGETS weft_${component} weft_${component}_static EXPORT weft)
endforeach()
foreach(target IN ITEMS weft_lttng weft_cli) # each exists only where its library was found
    if(TARGET ${target})
        install(TARGETS ${target})
    endif()
endforeach()

get_property(manual GLOBAL PROPERTY WEFT_MANUAL)
if(manual)
    install(FILES "${manual}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()

if(TARGET weft_babeltrace) # where babeltrace2 looks of itself if both have the same prefix
    install(TARGETS weft_babeltrace LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/babeltrace2/plugins")
endif()

install(FILES src/cli/tracecompass/weft.xml DESTINATION "${CMAKE_INSTALL_DATADIR}/weft/tracecompass")

# gdb loads what is called like the library and lies beside it, if it trusts the folder; of itself it trusts its own
# below /usr/share (docs/guide/debugging.md).
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(gdb_folder "${CMAKE_INSTALL_DATADIR}/gdb/auto-load${CMAKE_INSTALL_FULL_LIBDIR}")
else()
    set(gdb_folder "${CMAKE_INSTALL_LIBDIR}")
endif()
install(FILES src/gdb/weft-gdb.py DESTINATION "${gdb_folder}" RENAME "libweft.so.${PROJECT_VERSION}-gdb.py")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/weft")
set_target_properties(weft PROPERTIES EXPORT_NAME weft)
install(EXPORT weft NAMESPACE weft:: DESTINATION "${package}" FILE weft-targets.cmake)
get_property(lookups GLOBAL PROPERTY WEFT_LOOKUPS)
list(REMOVE_DUPLICATES lookups)
list(JOIN lookups "\n    " WEFT_LOOKUPS)
configure_package_config_file(src/cmake/weft-config.cmake.in weft-config.cmake INSTALL_DESTINATION "${package}")
write_basic_package_version_file(weft-config-version.cmake COMPATIBILITY SameMinorVersion) # 0.x promises no more
install(FILES "${PROJECT_BINARY_DIR}/weft-config.cmake" "${PROJECT_BINARY_DIR}/weft-config-version.cmake"
    DESTINATION "${package}")

# A prefix that pkg-config works out from where the .pc file lies keeps the tree movable; a packager who set an absolute
# libdir gets what he asked for.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
    set(pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(pc_prefix "\${pcfiledir}/${up}")
    set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(src/cmake/weft.pc.in weft.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/weft.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
foreach(component IN LISTS components)
    get_property(modules GLOBAL PROPERTY WEFT_COMPONENT_${component}_MODULES)
    get_property(libraries GLOBAL PROPERTY WEFT_COMPONENT_${component}_LIBRARIES)
    list(JOIN modules " " modules)
    list(JOIN libraries " " libraries)
    configure_file(src/cmake/weft-component.pc.in weft-${component}.pc @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/weft-${component}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
