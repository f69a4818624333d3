#include "tests/support/nats_cluster.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace slipstream::test {

nats_cluster::nats_cluster(const std::string& config) {
    using namespace std::chrono_literals;
    std::string routes;
    for (const port_reservation& route : routes_) {
        routes += (routes.empty() ? "\"" : ", \"") + ("nats-route://127.0.0.1:" + std::to_string(route.port()) + "\"");
    }
    for (std::size_t i = 0; i < size; ++i) {
        nats_server_options options;
        // Short: lame duck mode waits so long before it closes connections, one a second.
        options.config = "server_name: node" + std::to_string(i) + "\nlame_duck_grace_period: \"200ms\"\n" +
                         "cluster { name: test, listen: \"127.0.0.1:" + std::to_string(routes_.at(i).port()) + "\", routes: [ " + routes +
                         "] }\n" + config;
        nodes_.push_back(std::make_unique<nats_server>(std::move(options)));
    }
    const auto led = [](const auto& node) { return node->log().find("JetStream cluster new metadata leader") != std::string::npos; };
    for (const auto deadline = std::chrono::steady_clock::now() + 30s; std::none_of(nodes_.begin(), nodes_.end(), led);) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("nats_cluster: no leader in time:\n" + nodes_[0]->log());
        std::this_thread::sleep_for(20ms);
    }
}

std::vector<std::string> nats_cluster::urls() const {
    std::vector<std::string> out;
    for (const auto& node : nodes_) out.push_back(node->url());
    return out;
}

nats_server& nats_cluster::named(std::string_view name) {
    for (std::size_t i = 0; i < size; ++i) {
        if (name == "node" + std::to_string(i)) return *nodes_[i];
    }
    throw std::runtime_error("nats_cluster: no node " + std::string(name));
}

std::size_t nats_cluster::index_of_address(std::string_view address) const {
    const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) { return node->address() == address; });
    return static_cast<std::size_t>(found - nodes_.begin());
}

}  // namespace slipstream::test
