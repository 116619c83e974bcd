# weft_programs(<prefix> GLOBS <pattern>... LINK <library>... [TEST])
#
# Each file that matches is one program, and so is each folder that matches, with all of its .c files. tests/unit/task/state.c with the prefix `test` becomes test-unit-task-state; with TEST
# it is also the ctest test unit/task/state, labelled with the folders of that path (`ctest -L unit`, `ctest -L task`).

# A sanitized build reads its settings from here, not from a wrapper script: plain `ctest` must work in it.
set(WEFT_TEST_ENVIRONMENT
    "ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=allocator_may_return_null=1:suppressions=${PROJECT_SOURCE_DIR}/tests/lib/tsan.supp:second_deadlock_stack=1")

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

# The number in a line `<key>: N` in one of the files; `default` where there is none.
function(weft_said key files default out)
    set(number ${default})
    foreach(file IN LISTS files)
        file(STRINGS "${file}" line REGEX "${key}: *[0-9]+" LIMIT_COUNT 1)
        if(line MATCHES "${key}: *([0-9]+)")
            set(number ${CMAKE_MATCH_1})
        endif()
    endforeach()
    set(${out} ${number} PARENT_SCOPE)
endfunction()

# weft_register(<name> <files> <command>...) adds a ctest test, with what every test has. Its files may say in a line `ctest-timeout: N`
# how many seconds it may take (300; 0: ctest does not run it), and by `ctest-cost: N` about how many it does take: ctest begins with what
# takes longest, so that at the end no processor waits for a test that began late, but it knows that by itself only of the run before.
function(weft_register name files)
    weft_said(ctest-timeout "${files}" 300 seconds)
    if(seconds EQUAL 0)
        return()
    endif()
    if(WEFT_SANITIZE)
        math(EXPR seconds "${seconds} * 3")
    endif()
    weft_said(ctest-cost "${files}" 0 cost)
    get_filename_component(folders "${name}" DIRECTORY)
    string(REPLACE "/" ";" labels "${folders}")
    add_test(NAME ${name} COMMAND ${ARGN})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${seconds}
        COST ${cost}
        LABELS "${labels}"
        SKIP_RETURN_CODE 77
        ENVIRONMENT "${WEFT_TEST_ENVIRONMENT}")
endfunction()

function(weft_programs prefix)
    cmake_parse_arguments(arg "TEST" "" "GLOBS;LINK" ${ARGN})
    file(RELATIVE_PATH here "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
    string(REGEX REPLACE "^tests/?" "" here "${here}")
    file(GLOB paths CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" ${arg_GLOBS})
    foreach(path IN LISTS paths)
        set(sources "${CMAKE_CURRENT_SOURCE_DIR}/${path}")
        if(IS_DIRECTORY "${sources}")
            file(GLOB sources CONFIGURE_DEPENDS "${sources}/*.c")
        elseif(NOT path MATCHES "\\.cc?$")
            continue()
        endif()
        if(NOT sources OR (path MATCHES "\\.cc$" AND NOT CMAKE_CXX_COMPILER))
            continue()
        endif()
        string(REGEX REPLACE "\\.cc?$" "" name "${path}")
        string(REPLACE "/" "-" target "${prefix}-${name}")
        add_executable(${target} ${sources})
        target_link_libraries(${target} PRIVATE weft_warnings ${arg_LINK} Threads::Threads)
        set_target_properties(${target} PROPERTIES CROSSCOMPILING_EMULATOR "${WEFT_TEST_LAUNCHER}")
        if(arg_TEST)
            string(REGEX REPLACE "^/" "" name "${here}/${name}")
            weft_register(${name} "${sources}" ${target})
        endif()
    endforeach()
endfunction()
