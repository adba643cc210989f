#pragma once

#include <memory>
#include <string>

#include "kube/line_splitter.hpp"
#include "stash/kube/client.hpp"
#include "stash/net/http.hpp"

namespace stash::kube {

/// Longest line of a watch. The API server takes no object over 3 MiB, and writes a byte of it as six at most
/// (\u003c).
inline constexpr std::size_t kMaxWatchLine = std::size_t{20} << 20;

/// One line of a watch: `{"type":"ADDED","object":{...}}`. Throws the Error of the Status in an ERROR event,
/// and Error(Corrupt) for anything else that is no event.
WatchEvent parse_watch_event(std::string_view line, std::string_view what);

/// The lines of a response body as events.
class HttpWatchStream final : public WatchStream {
 public:
  HttpWatchStream(std::unique_ptr<net::ResponseStream> body, std::string what);
  Task<std::optional<WatchEvent>> read() override;

 private:
  std::unique_ptr<net::ResponseStream> body_;
  std::string what_;
  LineSplitter lines_{kMaxWatchLine};
  std::vector<std::byte> chunk_;
};

}  // namespace stash::kube
