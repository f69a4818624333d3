// What the connected server says about itself (INFO).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipstream {

/// Field names are the server's JSON keys. Later INFOs update the fields they carry; what they omit is kept.
struct server_info {
    std::string server_id{};
    std::string server_name{};
    std::string version{};
    std::string host{};       ///< Listen address; not to be dialled.
    std::string cluster{};
    std::string domain{};     ///< JetStream domain.
    std::string client_ip{};
    std::string nonce{};      ///< To be signed by nkey and JWT logins; opaque.
    std::string remote_account{};         ///< Known after CONNECT.
    std::vector<std::string> connect_urls{};  ///< `host:port` of the cluster's client ports.
    std::uint64_t client_id = 0;
    std::int64_t max_payload = 1048576; ///< Bytes of headers and payload; always between 1 and 64 MiB here.
    int proto = 0;
    int port = 0;
    int api_lvl = 0;        ///< JetStream API level; 0 before server 2.12.
    bool headers = false;
    bool auth_required = false;
    bool tls_required = false;
    bool tls_verify = false;
    bool tls_available = false;
    bool jetstream = false;
    bool ldm = false;       ///< Lame duck: the server is about to shut down.
};

}  // namespace slipstream
