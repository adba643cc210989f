#include "kube/exec_conversation.hpp"

#include "kube/exec_channels.hpp"

namespace stash::kube {
namespace {

constexpr auto kPingPause = std::chrono::seconds(15);

Task<std::unique_ptr<net::WebSocket>> upgrade(net::HttpClient& http, net::Request request, std::string what) {
  std::vector<std::string> protocols(kExecProtocols.begin(), kExecProtocols.end());
  try {
    co_return co_await http.websocket(std::move(request), std::move(protocols));
  } catch (const Error& e) {
    throw Error(e.kind(), "{}: {}", what, e.what());
  }
}

/// Reads until the command or the connection ends, then ends the group.
Task<void> read_result(net::WebSocket& socket, ExecChannels& channels, std::string what,
                       std::optional<ExecResult>& result, net::TaskGroup& group) {
  for (bool open = true; open && !result;) {
    const auto message = co_await socket.read();
    open = message.has_value();
    if (open) channels.message(*message);
    result = channels.result(what);
  }
  group.cancel();
}

/// Until cancelled, or until the connection breaks: its reader tells that.
Task<void> keep_awake(net::WebSocket& socket, net::Timers& timers) {
  try {
    for (;;) {
      co_await timers.sleep(kPingPause);
      co_await socket.ping();
    }
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Unavailable) throw;
  }
}

}  // namespace

Task<ExecResult> converse(net::HttpClient& http, net::Timers& timers, net::Request request,
                          std::size_t output_limit, std::string what) {
  const auto socket = co_await upgrade(http, std::move(request), what);
  ExecChannels channels(output_limit);
  std::optional<ExecResult> result;
  net::TaskGroup group;
  co_await group.spawn(read_result(*socket, channels, what, result, group));
  co_await group.spawn(keep_awake(*socket, timers));
  co_await group.join();
  if (!result) throw Error(ErrorKind::Unavailable, "{}: the connection ended before the command did", what);
  co_return *std::move(result);
}

}  // namespace stash::kube
