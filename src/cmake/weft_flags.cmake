# How every file of the house is compiled: two interface targets, so that a target says which it takes.
#
#   weft_warnings   the language and the warnings
#   weft_house      the warnings, hidden visibility, and the include path of the inside: include/ and src/

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES AND PROJECT_IS_TOP_LEVEL)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON) # tests/lint asks it whether each file is built

add_library(weft_warnings INTERFACE)
target_compile_options(weft_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-std=gnu11>
    $<$<COMPILE_LANGUAGE:CXX>:-std=c++17>
    -Wall -Wextra -Wpedantic -Wshadow -Wundef -Wpointer-arith -Wvla
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
    $<$<BOOL:${WEFT_WERROR}>:-Werror>)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    # clang counts these two as pedantic, gcc accepts them silently; `, ##__VA_ARGS__` has no other spelling in C11.
    target_compile_options(weft_warnings INTERFACE
        -Wno-gnu-zero-variadic-macro-arguments -Wno-gnu-statement-expression)
endif()

add_library(weft_house INTERFACE)
target_compile_options(weft_house INTERFACE -fvisibility=hidden)
target_include_directories(weft_house INTERFACE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(weft_house INTERFACE weft_warnings)

# Optimised across files (docs/adr/0021-across-files-by-the-linker.md): each object has, beside its code, what the linker makes better
# code of. libweft.so is made of that, and so is a program that is linked with libweft.a and -flto. For all others the code
# as it stands is enough, and linking them takes no longer.
add_library(weft_across INTERFACE)
if(WEFT_LTO)
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT WEFT_SANITIZE AND NOT WEFT_CHAOS)
        target_compile_options(weft_across INTERFACE -flto=auto -ffat-lto-objects)
        add_link_options(-fno-lto) # gcc would otherwise, wherever it finds such an object
        target_link_options(weft_across INTERFACE -flto -flto=auto) # only the first takes that back
    elseif(NOT WEFT_LTO STREQUAL "AUTO")
        message(FATAL_ERROR "WEFT_LTO=ON needs gcc, and neither WEFT_SANITIZE nor WEFT_CHAOS")
    endif()
endif()

# The chaos build (base/chaos.h): rings of 8, whose cursors wrap after 1,000 tasks, positions that wrap every 65,536
# messages, a directory leaf of 8 pages, magazines of 2, two wakes a turn. For the rooms and their tests: what stands
# outside of the house is built as always.
add_library(weft_chaos INTERFACE)
if(WEFT_CHAOS)
    target_compile_definitions(weft_chaos INTERFACE WEFT_CHAOS
        WEFT__RUNQUEUE_CAPACITY=8 WEFT__RUNQUEUE_FIRST=-1000 WEFT__STEAL_ROUNDS=1 WEFT__GATE_POS_BITS=16
        WEFT__SLAB_LEAF=8 WEFT__SLAB_LEAVES=1024 WEFT__SLAB_BATCH=2 WEFT__WAKES_MAX=2)
endif()

if(WEFT_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Sanitizers are for the whole build: a library with and a test without would be half blind.
if(WEFT_SANITIZE)
    add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${WEFT_SANITIZE})
    if(WEFT_SANITIZE MATCHES "thread" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
        # TSan does not model fences. gcc says so at each one: worth reading, not worth a failed build.
        add_compile_options(-Wno-error=tsan)
    endif()
endif()
