// Three nats-servers that are one system: a cluster on loopback with JetStream, each node with its own ports and store.
//
//     nats_cluster cluster;
//     o.servers = cluster.urls();
//     cluster.node(0).lame_duck();                       // every node is a nats_server: kill, suspend, lame duck, start again
//     cluster.node(0).wait_gone();  cluster.node(0).start();
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/nats_server.hpp"

namespace slipstream::test {

class nats_cluster {
public:
    static constexpr std::size_t size = 3;

    /// Returns when the nodes have chosen who leads JetStream. `config` is for each node, in the server's own syntax; what it says
    /// wins.
    /// Throws std::runtime_error.
    explicit nats_cluster(const std::string& config = {});

    [[nodiscard]] nats_server& node(std::size_t i) { return *nodes_.at(i); }
    [[nodiscard]] std::vector<std::string> urls() const;
    /// The node with this server_name ("node0", ...), as JetStream names leaders and replicas.
    [[nodiscard]] nats_server& named(std::string_view name);
    [[nodiscard]] std::size_t index_of_address(std::string_view address) const;  ///< `size` when it is none of them.

private:
    std::array<port_reservation, size> routes_;
    std::vector<std::unique_ptr<nats_server>> nodes_;
};

}  // namespace slipstream::test
