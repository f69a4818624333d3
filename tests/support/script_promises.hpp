// What holds for every client whatever happened: checked at the end of each run of a session_script.
#pragma once

#include <string>

#include "tests/support/session_script.hpp"

namespace slipstream::test {

class script_promises {
public:
    explicit script_promises(session_script& script) : script_(script) {}

    /// After close.
    void check();
    /// After each pump: what other threads see agrees with what was told (I4).
    void check_health();

private:
    void operations_end_once();    // I1
    void events_alternate();       // I4
    void streams_are_frames();     // I3, I14
    void nothing_is_left();        // E2, I2, I9

    session_script& script_;
};

}  // namespace slipstream::test
