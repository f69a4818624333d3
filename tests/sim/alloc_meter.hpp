// How much memory the clients hold: every allocation made inside a call to the core is counted until it is freed, wherever that is.
#pragma once

#include <cstddef>

namespace slipstream::sim {

/// Bytes allocated by clients and not freed.
std::size_t metered_bytes() noexcept;

class metered {
public:
    metered() noexcept;
    ~metered();
    metered(const metered&) = delete;
    metered& operator=(const metered&) = delete;

private:
    bool before_;
};

/// User code inside a call to the core.
class unmetered {
public:
    unmetered() noexcept;
    ~unmetered();
    unmetered(const unmetered&) = delete;
    unmetered& operator=(const unmetered&) = delete;

private:
    bool before_;
};

}  // namespace slipstream::sim
