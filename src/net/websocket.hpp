#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/stream.hpp"
#include "stash/base/error.hpp"
#include "stash/net/http.hpp"

namespace stash::net {

/// The opening handshake (RFC 6455 section 4): a random key and what the server must answer to it.
class Upgrade {
 public:
  explicit Upgrade(std::vector<std::string> protocols);

  Headers headers() const;
  /// The sub-protocol that the server took (may be empty). Throws Error(Corrupt) when the answer does not fit
  /// the key.
  std::string check(const Headers& headers) const;

 private:
  std::vector<std::string> protocols_;
  std::string key_;
};

/// The value of Sec-WebSocket-Accept for a key.
std::string accept_of(std::string_view key);

/// What an answer other than 101 means.
Error refused(int status, std::string_view text);

// One frame (RFC 6455 section 5.2), big-endian:
//
//     byte 0   FIN 0x80 | RSV 0x70 (must be 0) | opcode 0x0f
//     byte 1   MASK 0x80 | length: 0..125, or 126: 2 bytes follow, or 127: 8 bytes follow
//     4 bytes  mask, client to server only
//     payload, each byte xored with mask[i % 4]

enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

struct FrameHead {
  Opcode opcode = Opcode::Continuation;
  bool last = true;
  std::uint64_t size = 0;
  std::size_t head_size = 0;  ///< bytes before the payload
};

/// The head at the front of `bytes`, nothing when it is not whole yet. Throws Error(Corrupt) on reserved
/// bits, unknown opcodes, masked frames (a server must not mask) and control frames that are long or cut in
/// pieces.
std::optional<FrameHead> parse_frame_head(std::string_view bytes);

/// A whole client frame.
std::string encode_frame(Opcode opcode, std::string_view payload, std::array<std::byte, 4> mask);

/// `rest`: bytes that were received after the answer's head.
std::unique_ptr<WebSocket> open_websocket(std::unique_ptr<Stream> stream, std::string rest,
                                          std::string protocol, std::size_t message_limit,
                                          Duration idle_limit);

}  // namespace stash::net
