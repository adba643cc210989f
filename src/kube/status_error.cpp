#include "kube/status_error.hpp"

#include <array>
#include <charconv>

#include "stash/base/text.hpp"

namespace stash::kube {
namespace {

struct Meaning {
  int status;
  ErrorKind kind;
};

constexpr std::array kMeanings{
    Meaning{400, ErrorKind::Invalid},     Meaning{401, ErrorKind::Denied},
    Meaning{403, ErrorKind::Denied},      Meaning{404, ErrorKind::NotFound},
    Meaning{405, ErrorKind::Unsupported}, Meaning{406, ErrorKind::Unsupported},
    Meaning{408, ErrorKind::Unavailable}, Meaning{409, ErrorKind::Conflict},
    Meaning{410, ErrorKind::Conflict},    Meaning{413, ErrorKind::Invalid},
    Meaning{415, ErrorKind::Unsupported}, Meaning{422, ErrorKind::Invalid},
    Meaning{429, ErrorKind::Unavailable}, Meaning{501, ErrorKind::Unsupported},
};

constexpr std::size_t kMaxForeignText = 200;

/// The beginning of a text, on one line.
std::string excerpt(std::string_view text) {
  std::string out(cut_text(text, kMaxForeignText));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

std::string message_of(int http_status, std::string_view body) {
  try {
    const json::Document status = json::parse(body, "status");
    if (const std::string_view message = json::text(status, "message"); !message.empty())
      return std::string(message);
  } catch (const Error&) {
    // Not from the API server but from something before it: its text is told as it is.
  }
  return body.empty() ? fmt::format("HTTP {}", http_status)
                      : fmt::format("HTTP {}: {}", http_status, excerpt(body));
}

}  // namespace

ErrorKind error_kind(int http_status) {
  for (const Meaning& meaning : kMeanings)
    if (meaning.status == http_status) return meaning.kind;
  if (http_status >= 500) return ErrorKind::Unavailable;
  return http_status >= 400 ? ErrorKind::Invalid : ErrorKind::Unsupported;
}

Error status_error(int http_status, std::string_view body, std::string_view what) {
  return Error(error_kind(http_status), "{}: {}", what, message_of(http_status, body));
}

Error status_error(const json::Value& status, std::string_view what) {
  const auto code = json::integer(status, "code").value_or(500);
  const std::string_view message = json::text(status, "message");
  return Error(error_kind(code >= 100 && code < 600 ? static_cast<int>(code) : 500), "{}: {}", what,
               message.empty() ? json::text(status, "reason") : message);
}

std::optional<Duration> retry_after(const net::Headers& headers) {
  const std::string_view text = net::header(headers, "Retry-After");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || seconds < 0)
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace stash::kube
