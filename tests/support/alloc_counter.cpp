#include "tests/support/alloc_counter.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define SLIPSTREAM_KEEPS_OPERATOR_NEW
#endif
#endif

namespace {

thread_local std::uint64_t counted = 0;
thread_local std::uint64_t failing = 0;  // the value of `counted` that fails; 0 = none
thread_local bool failing_ever_after = false;
thread_local std::int64_t live = 0;

}  // namespace

#ifndef SLIPSTREAM_KEEPS_OPERATOR_NEW

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
    ++counted;
    if (failing != 0 && (counted == failing || (failing_ever_after && counted > failing))) return nullptr;
    if (size == 0) size = 1;
    void* const p = alignment <= alignof(std::max_align_t)
                        ? std::malloc(size)
                        : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (p != nullptr) ++live;
    return p;
}

void release(void* p) noexcept {
    if (p != nullptr) --live;
    std::free(p);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment = 1) {
    if (void* const p = allocate(size, alignment)) return p;
    throw std::bad_alloc();
}

}  // namespace

// Every form is replaced: a sanitizer's own array forms would not call the scalar ones.
void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t a) { return allocate_or_throw(size, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t size, std::align_val_t a) { return allocate_or_throw(size, static_cast<std::size_t>(a)); }
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }

#endif

namespace slipstream::test {

bool allocations_are_counted() noexcept {
#ifdef SLIPSTREAM_KEEPS_OPERATOR_NEW
    return false;
#else
    return true;
#endif
}

std::uint64_t allocations() noexcept { return counted; }
std::int64_t live_allocations() noexcept { return live; }

failing_allocation::failing_allocation(std::uint64_t nth, extent which) noexcept {
    failing = counted + nth;
    failing_ever_after = which == extent::rest;
}
failing_allocation::~failing_allocation() { failing = 0; }

}  // namespace slipstream::test
