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

/// Answers requests in turn, the last answer for ever, and keeps them. Closes after an answer that says so.
class ScriptedService {
 public:
  explicit ScriptedService(std::vector<std::string> answers)
      : answers_(std::move(answers)), peer_({[this](PeerConnection& c) { play(c); }}) {}
  std::string url() const { return peer_.url(); }
  /// Whole, with their bodies.
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  std::vector<std::string> heads() {
    std::vector<std::string> heads = texts();
    for (std::string& head : heads) head.resize(head.find("\r\n\r\n"));
    return heads;
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
      texts_.push_back(request);
      const std::string& reply = answers_[std::min(texts_.size(), answers_.size()) - 1];
      connection.write(reply);
      if (reply.find("Connection: close") != std::string::npos) return;
    }
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::vector<std::string> texts_;
  ScriptedPeer peer_;
};

/// The same as a bucket, with what opens it.
class Bucket : public ScriptedService {
 public:
  explicit Bucket(std::vector<std::string> answers) : ScriptedService(std::move(answers)) {
    config_ = std::get<storage::S3Config>(storage::parse_address("s3:" + url() + "/bucket/pre/fix"));
    config_.credentials.access_key = "id";
    config_.credentials.secret_key = Secret("secret");
  }
  const storage::S3Config& config() const { return config_; }

 private:
  storage::S3Config config_;
};

}  // namespace stash::test
