#include "kube/exec_channels.hpp"

#include <algorithm>
#include <charconv>

#include "kube/status_error.hpp"
#include "stash/base/text.hpp"

namespace stash::kube {
namespace {

constexpr char kStdout = 1;
constexpr char kStderr = 2;
constexpr char kStatus = 3;
constexpr std::size_t kMaxStatus = std::size_t{64} << 10;

void append(std::string& to, std::string_view bytes, std::size_t limit) {
  to += bytes.substr(0, limit - std::min(limit, to.size()));
}

std::optional<int> exit_code(const json::Value& status) {
  if (json::text(status, "reason") != "NonZeroExitCode") return std::nullopt;
  const json::Value* causes = json::find(status, "details", "causes");
  if (!causes || !causes->IsArray()) return std::nullopt;
  for (const json::Value& cause : causes->GetArray()) {
    if (json::text(cause, "reason") != "ExitCode") continue;
    const std::string_view text = json::text(cause, "message");
    int code = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), code).ec == std::errc{}) return code;
  }
  return std::nullopt;
}

}  // namespace

void ExecChannels::message(std::string_view message) {
  if (message.empty()) return;
  const char channel = message.front();
  message.remove_prefix(1);
  if (channel == kStdout || channel == kStderr)
    append(output_, message, limit_ + 1);  // one byte more tells whether a character ends at the limit
  else if (channel == kStatus)
    append(status_, message, kMaxStatus);
}

std::optional<ExecResult> ExecChannels::result(std::string_view what) const {
  if (status_.empty()) return std::nullopt;
  const json::Document status = json::parse(status_, what);
  ExecResult out;
  out.output = cut_text(output_, limit_);
  if (json::text(status, "status") == "Success") return out;
  const auto code = exit_code(status);
  if (!code) throw status_error(status, what);
  out.exit_code = *code;
  return out;
}

}  // namespace stash::kube
