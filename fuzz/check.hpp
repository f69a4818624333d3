// What a fuzz target says when an invariant is broken: the text, then a crash that the fuzzer keeps.
#pragma once

#include <cstdio>

#define FUZZ_CHECK(condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
            __builtin_trap();                                                            \
        }                                                                                \
    } while (false)
