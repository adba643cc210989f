#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "stash/kube/client.hpp"

namespace stash::kube {

/// Newest first: v5 adds closing of single channels, which we do not need.
inline constexpr std::array<std::string_view, 2> kExecProtocols{"v5.channel.k8s.io", "v4.channel.k8s.io"};

/// Gathers what a command in a container says. Each message is one byte of channel (1 stdout, 2 stderr, 3 the
/// final Status) and its bytes.
class ExecChannels {
 public:
  explicit ExecChannels(std::size_t output_limit) : limit_(output_limit) {}

  void message(std::string_view message);
  /// The result once the Status came, else nothing. Throws the Error of a Status that tells of no exit code
  /// (no such command, no such container).
  std::optional<ExecResult> result(std::string_view what) const;

 private:
  std::size_t limit_;
  std::string output_;
  std::string status_;
};

}  // namespace stash::kube
