#pragma once

#include <string>

#include "stash/kube/client.hpp"
#include "stash/net/http.hpp"

namespace stash::kube {

/// Sends an exec request over a WebSocket and gathers what the command says until it ends; pings meanwhile,
/// for a command may be silent for longer than balancers leave a connection alone. Throws the Error of the
/// upgrade or of the command's Status, or Error(Unavailable) when the connection ends first; `what` names the
/// call in each.
Task<ExecResult> converse(net::HttpClient& http, net::Timers& timers, net::Request request,
                          std::size_t output_limit, std::string what);

}  // namespace stash::kube
