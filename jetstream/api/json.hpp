// Reading the server's JSON: a whole document is validated first, then members are taken by name. Only .cpp files of this
// folder include it (simdjson).
//
// Rules: unknown members are ignored; null is as good as absent (Go writes nil so); a known member of another type makes the reader
// not ok(), as does a missing one that is required. Bounded in depth (1024) and linear in time for any input.
#pragma once

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream::api {

/// One parsed JSON text. Elements point into it.
class json_document {
public:
    /// False unless `text` is one complete valid JSON text. Numbers that no integer or double of ours can hold are valid
    /// and become 0.5, so that they read as "not an integer". Throws std::bad_alloc.
    bool parse(std::string_view text);
    [[nodiscard]] simdjson::dom::element root() const noexcept { return root_; }

private:
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
};

/// Takes members of one object. Failure is sticky; reading goes on harmlessly after it.
class object_reader {
public:
    /// Not ok when `element` is no object.
    explicit object_reader(simdjson::dom::element element) noexcept;

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    void fail() noexcept { ok_ = false; }
    /// Whether the member exists at all, null included. The last one counts when a name is repeated.
    [[nodiscard]] bool find(std::string_view name, simdjson::dom::element& out) const noexcept;
    [[nodiscard]] simdjson::dom::object object() const noexcept { return object_; }

    template <class T>
    object_reader& required(std::string_view name, T& out) {
        simdjson::dom::element e;
        if (!find(name, e) || !read(e, out)) ok_ = false;
        return *this;
    }

    /// Leaves `out` as it is when the member is absent or null.
    template <class T>
    object_reader& optional(std::string_view name, T& out) {
        simdjson::dom::element e;
        if (find(name, e) && !e.is_null() && !read(e, out)) ok_ = false;
        return *this;
    }

private:
    static bool read(simdjson::dom::element e, bool& out) noexcept;
    static bool read(simdjson::dom::element e, std::int64_t& out) noexcept;
    static bool read(simdjson::dom::element e, std::uint64_t& out) noexcept;
    static bool read(simdjson::dom::element e, std::string& out);
    static bool read(simdjson::dom::element e, std::string_view& out) noexcept;
    static bool read(simdjson::dom::element e, wall_time& out) noexcept;
    /// A number of nanoseconds, or a Go duration as text.
    static bool read(simdjson::dom::element e, std::chrono::nanoseconds& out) noexcept;
    static bool read(simdjson::dom::element e, std::vector<std::string>& out);
    static bool read(simdjson::dom::element e, std::vector<std::chrono::nanoseconds>& out);
    static bool read(simdjson::dom::element e, std::map<std::string, std::string>& out);
    static bool read(simdjson::dom::element e, simdjson::dom::element& out) noexcept;

    simdjson::dom::object object_;
    bool ok_ = true;
    bool is_object_ = false;
};

}  // namespace slipstream::jetstream::api
