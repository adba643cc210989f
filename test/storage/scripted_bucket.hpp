#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "stash/storage/address.hpp"
#include "support/scripted_peer.hpp"

namespace stash::test {

inline std::string answer(const std::string& status, const std::string& headers, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, headers, body.size(), body);
}

/// Answers requests in turn, the last answer for ever, and keeps their heads. Closes after an answer that
/// says so.
class Bucket {
 public:
  explicit Bucket(std::vector<std::string> answers)
      : answers_(std::move(answers)), peer_({[this](PeerConnection& c) { play(c); }}) {
    config_ = std::get<storage::S3Config>(storage::parse_address("s3:" + peer_.url() + "/bucket/pre/fix"));
    config_.credentials.access_key = "id";
    config_.credentials.secret_key = Secret("secret");
  }
  const storage::S3Config& config() const { return config_; }
  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  /// "GET /bucket/pre/fix/name"
  std::vector<std::string> requests() {
    std::vector<std::string> lines = heads();
    for (std::string& line : lines) line.resize(line.find(" HTTP/1.1"));
    return lines;
  }

 private:
  void play(PeerConnection& connection) {
    for (;;) {
      const std::string request = connection.read_request();
      if (request.empty()) return;
      const std::lock_guard lock(mutex_);
      heads_.push_back(request.substr(0, request.find("\r\n\r\n")));
      const std::string& reply = answers_[std::min(heads_.size(), answers_.size()) - 1];
      connection.write(reply);
      if (reply.find("Connection: close") != std::string::npos) return;
    }
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::vector<std::string> heads_;
  ScriptedPeer peer_;
  storage::S3Config config_;
};

}  // namespace stash::test
