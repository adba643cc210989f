#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/certificates.hpp"

namespace stash::test {

/// How a scripted peer proves itself in TLS, and which clients it wants.
struct PeerTls {
  Identity identity;
  std::optional<Identity> client_authority;  ///< demand a client certificate of this CA
};

/// One accepted connection, in the peer's own thread, with plain blocking calls: it shares no code with what
/// it tests.
class PeerConnection {
 public:
  PeerConnection(int socket, SSL* tls, const std::atomic<bool>& stop)
      : socket_(socket), tls_(tls), stop_(stop) {}
  ~PeerConnection() {
    if (tls_) SSL_free(tls_);
    if (socket_ >= 0) ::close(socket_);
  }
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  /// Reads until `text` holds a whole request with its Content-Length body; empty when the client closed
  /// first.
  std::string read_request() {
    std::string text;
    for (;;) {
      const auto head = text.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto at = text.find("Content-Length: ");
        const std::size_t body = at < head ? std::stoul(text.substr(at + 16)) : 0;
        if (text.size() >= head + 4 + body) return text;
      }
      const std::string more = read_some();
      if (more.empty()) return {};
      text += more;
    }
  }

  /// Some bytes; empty when the client closed or the test is over. What has arrived is read even then.
  std::string read_some() {
    for (;;) {
      const bool over = stop_;
      pollfd wait{socket_, POLLIN, 0};
      const bool pending = tls_ && SSL_pending(tls_) > 0;
      if (!pending && ::poll(&wait, 1, over ? 0 : 20) <= 0) {
        if (over) return {};
        continue;
      }
      char buffer[4096];
      const long got = tls_ ? SSL_read(tls_, buffer, sizeof buffer)
                            : static_cast<long>(::recv(socket_, buffer, sizeof buffer, 0));
      return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
    }
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const long put = tls_ ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                            : static_cast<long>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
      if (put <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  /// Says nothing until the client gives up or the test is over.
  void stall() {
    while (!read_some().empty()) {
    }
  }

  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(socket_);
    socket_ = -1;
  }

 private:
  int socket_;
  SSL* tls_;
  const std::atomic<bool>& stop_;
};

/// A server on loopback that plays one script a connection, in order of arrival; the last script plays for
/// all later ones. Ends with its destructor.
class ScriptedPeer {
 public:
  using Script = std::function<void(PeerConnection&)>;

  explicit ScriptedPeer(std::vector<Script> scripts, std::optional<PeerTls> tls = std::nullopt)
      : scripts_(std::move(scripts)), tls_(std::move(tls)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("scripted peer: no loopback socket");
    }
    port_ = ntohs(address.sin_port);
    if (tls_) make_context();
    thread_ = std::thread([this] { serve(); });
  }

  ~ScriptedPeer() {
    stop_ = true;
    thread_.join();
    ::close(listener_);
  }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& host = "127.0.0.1") const {
    return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(port_);
  }
  int connections() const { return connections_; }

 private:
  void make_context() {
    context_ = {SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    SSL_CTX_use_certificate(context_.get(), tls_->identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), tls_->identity.key.get());
    if (tls_->client_authority) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), tls_->client_authority->certificate.get());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
  }

  void serve() {
    std::vector<std::thread> peers;
    while (!stop_) {
      pollfd wait{listener_, POLLIN, 0};
      if (::poll(&wait, 1, 10) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      const auto index = std::min<std::size_t>(static_cast<std::size_t>(connections_++), scripts_.size() - 1);
      peers.emplace_back([this, socket, index] { play(socket, scripts_[index]); });
    }
    for (auto& peer : peers) peer.join();
  }

  void play(int socket, const Script& script) {
    const timeval limit{2, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL* tls = nullptr;
    if (context_) {
      tls = SSL_new(context_.get());
      SSL_set_fd(tls, socket);
    }
    PeerConnection connection(socket, tls, stop_);
    if (tls && SSL_accept(tls) != 1) return;
    script(connection);
  }

  std::vector<Script> scripts_;
  std::optional<PeerTls> tls_;
  std::shared_ptr<SSL_CTX> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace stash::test
