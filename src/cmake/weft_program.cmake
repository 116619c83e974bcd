# weft_programs(<prefix> GLOBS <pattern>... LINK <library>... [TEST])
#
# Each file that matches is one program. tests/unit/task/state.c with the prefix `test` becomes test-unit-task-state; with TEST
# it is also the ctest test unit/task/state, labelled with the folders of that path (`ctest -L unit`, `ctest -L task`).

# A sanitized build reads its settings from here, not from a wrapper script: plain `ctest` must work in it.
set(WEFT_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lib/tsan.supp:second_deadlock_stack=1")

# gcc 12's TSan dies at start-up, at random, where the kernel moves mappings by more than 28 bits. Asking the kernel is
# sound where trying it once is not; some containers forbid setarch, and then luck has to do.
set(WEFT_TEST_LAUNCHER "")
if(WEFT_SANITIZE MATCHES "thread" AND EXISTS /proc/sys/vm/mmap_rnd_bits)
    file(STRINGS /proc/sys/vm/mmap_rnd_bits bits)
    if(bits GREATER 28)
        execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
        if(NOT refused)
            set(WEFT_TEST_LAUNCHER "setarch;-R")
        endif()
    endif()
endif()

# Seconds that a test may take: 120, or what a line `ctest-timeout: N` in the file says; 0 means that ctest does not run it.
function(weft_timeout file out)
    set(seconds 120)
    file(STRINGS "${file}" line REGEX "ctest-timeout: *[0-9]+" LIMIT_COUNT 1)
    if(line MATCHES "ctest-timeout: *([0-9]+)")
        set(seconds ${CMAKE_MATCH_1})
    endif()
    if(WEFT_SANITIZE)
        math(EXPR seconds "${seconds} * 3")
    endif()
    set(${out} ${seconds} PARENT_SCOPE)
endfunction()

# Names a ctest test after its file, and gives it what every test has.
function(weft_register name file)
    weft_timeout("${file}" seconds)
    if(seconds EQUAL 0)
        return()
    endif()
    get_filename_component(folders "${name}" DIRECTORY)
    string(REPLACE "/" ";" labels "${folders}")
    add_test(NAME ${name} COMMAND ${ARGN})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${seconds}
        LABELS "${labels}"
        SKIP_RETURN_CODE 77
        ENVIRONMENT "${WEFT_TEST_ENVIRONMENT}")
endfunction()

function(weft_programs prefix)
    cmake_parse_arguments(arg "TEST" "" "GLOBS;LINK" ${ARGN})
    file(GLOB files CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" ${arg_GLOBS})
    foreach(file IN LISTS files)
        if(file MATCHES "\\.cc$" AND NOT CMAKE_CXX_COMPILER)
            continue()
        endif()
        string(REGEX REPLACE "\\.cc?$" "" name "${file}")
        string(REPLACE "/" "-" target "${prefix}-${name}")
        add_executable(${target} ${file})
        target_link_libraries(${target} PRIVATE weft_warnings ${arg_LINK} Threads::Threads)
        set_target_properties(${target} PROPERTIES CROSSCOMPILING_EMULATOR "${WEFT_TEST_LAUNCHER}")
        if(arg_TEST)
            file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
            string(REGEX REPLACE "^tests/" "" name "${folder}/${name}")
            weft_register("${name}" "${CMAKE_CURRENT_SOURCE_DIR}/${file}" ${target})
        endif()
    endforeach()
endfunction()
