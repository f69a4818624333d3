#include "tests/sim/alloc_meter.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace slipstream::sim {

namespace {

bool metering = false;       // one thread
std::size_t held = 0;

struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) head {
    std::size_t size;
    bool metered;
};

void* take(std::size_t size) {
    void* const block = std::malloc(sizeof(head) + size);
    if (block == nullptr) throw std::bad_alloc();
    head* const h = new (block) head{size, metering};
    if (metering) held += size;
    return h + 1;
}

void give_back(void* p) noexcept {
    if (p == nullptr) return;
    head* const h = static_cast<head*>(p) - 1;
    if (h->metered) held -= h->size;
    std::free(h);
}

}  // namespace

std::size_t metered_bytes() noexcept { return held; }
metered::metered() noexcept : before_(metering) { metering = true; }
metered::~metered() { metering = before_; }
unmetered::unmetered() noexcept : before_(metering) { metering = false; }
unmetered::~unmetered() { metering = before_; }

}  // namespace slipstream::sim

void* operator new(std::size_t size) { return slipstream::sim::take(size); }
void* operator new[](std::size_t size) { return slipstream::sim::take(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    try {
        return slipstream::sim::take(size);
    } catch (...) {
        return nullptr;
    }
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void operator delete(void* p) noexcept { slipstream::sim::give_back(p); }
void operator delete[](void* p) noexcept { slipstream::sim::give_back(p); }
void operator delete(void* p, std::size_t) noexcept { slipstream::sim::give_back(p); }
void operator delete[](void* p, std::size_t) noexcept { slipstream::sim::give_back(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { slipstream::sim::give_back(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { slipstream::sim::give_back(p); }
