// Marks on rare branches. They are set by what a client is seen to do and by the oracles, never by the product's code; a budget of
// seeds that leaves one cold has not looked there.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace slipstream::sim {

// clang-format off
#define SLIPSTREAM_SIM_PROBES(X) \
    X(cut_in_handshake) X(cut_inside_frame) X(cut_with_flush_pending) X(cut_with_request_pending) X(cut_while_draining) \
    X(eof) X(half_closed) X(reset) X(stale) X(stale_by_server) X(write_stalled) X(handshake_timed_out) X(dial_refused) X(dial_hung) \
    X(third_backoff_round) X(old_connection_alive) X(stale_fact_told) X(joined_connect) X(first_connect_given_up) \
    X(restored_with_remaining) X(restored_with_one_left) X(held_messages_released) X(held_too_large) X(held_with_headers) \
    X(buffer_full) X(bytes_lost_in_flight) X(dropped_by_queue) X(second_slow_episode) X(queue_drained_after_drop) \
    X(handler_threw) X(handler_published) X(handler_ended_itself) X(handler_ended_other) X(handler_closed_client) \
    X(auto_unsubscribed) X(message_after_unsubscribe) X(drained_with_messages) X(drained_client) X(drain_cut_off) X(drain_timed_out) \
    X(request_answered) X(request_timed_out) X(request_unsent) X(request_cut_off) X(second_reply) X(late_reply) X(no_responders) \
    X(cancelled_request) X(cancelled_next) X(cancelled_flush) X(cancelled_connect) X(cancelled_drain) X(cancelled_too_late) \
    X(flush_while_down) X(fail_fast_refused) X(login_refused) X(login_expired) X(login_signed) X(login_asked_for) X(login_not_given) \
    X(login_of_file) X(login_of_two_files) X(login_of_document) X(login_of_jwt) X(login_rotated) X(login_torn) X(login_file_missing) \
    X(reading_paused) X(reading_resumed) X(pause_used_up) X(cut_while_paused) X(handed_over) X(handed_over_waits) X(handed_over_on_drain) \
    X(servers_replaced) X(current_server_removed) X(hook_chose_server) X(hook_chose_delay) X(hook_out_of_range) X(hook_called_client) \
    X(hook_closed_client) X(left_lame_duck) X(cut_in_write) X(taken_in_part) \
    X(gathered_whole) X(gathered_in_part) X(valve_closed) X(valve_opened) X(valve_timed_out) X(cancelled_writable) \
    X(tls_established) X(tls_failed) X(tls_hung) \
    X(left_on_demand) X(server_full) X(lame_duck) X(gossip_learnt) \
    X(publish_denied) X(subscription_denied) X(subscription_revoked) X(split_in_line_end) X(split_to_one_byte) \
    X(answered_while_blocked) X(client_paused) X(closed_in_outage) X(bad_bytes_refused) X(bad_info_ignored) X(server_restarted)
// clang-format on

enum class probe : std::size_t {
#define SLIPSTREAM_SIM_PROBE(name) name,
    SLIPSTREAM_SIM_PROBES(SLIPSTREAM_SIM_PROBE)
#undef SLIPSTREAM_SIM_PROBE
        count
};

constexpr std::size_t probe_count = static_cast<std::size_t>(probe::count);
using probe_set = std::bitset<probe_count>;

constexpr std::array<std::string_view, probe_count> probe_names{
#define SLIPSTREAM_SIM_PROBE(name) #name,
    SLIPSTREAM_SIM_PROBES(SLIPSTREAM_SIM_PROBE)
#undef SLIPSTREAM_SIM_PROBE
};

}  // namespace slipstream::sim
