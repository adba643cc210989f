#include "net/websocket.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "net/gate.hpp"
#include "stash/base/random.hpp"

namespace stash::net {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

Error malformed(std::string_view why) {
  return Error(ErrorKind::Corrupt, "malformed WebSocket frame: {}", why);
}

}  // namespace

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw Error(ErrorKind::Internal, "SHA-1 is not available");
  }
  return to_base64(std::as_bytes(std::span(digest).first(size)));
}

Upgrade::Upgrade(std::vector<std::string> protocols) : protocols_(std::move(protocols)) {
  std::array<std::byte, 16> raw{};
  SystemRandom().fill(raw);
  key_ = to_base64(raw);
}

Headers Upgrade::headers() const {
  Headers headers;
  headers.emplace_back("Connection", "Upgrade");
  headers.emplace_back("Upgrade", "websocket");
  headers.emplace_back("Sec-WebSocket-Version", "13");
  headers.emplace_back("Sec-WebSocket-Key", key_);
  std::string list;
  for (const std::string& protocol : protocols_) list += (list.empty() ? "" : ", ") + protocol;
  if (!list.empty()) headers.emplace_back("Sec-WebSocket-Protocol", list);
  return headers;
}

std::string Upgrade::check(const Headers& headers) const {
  if (lower(header(headers, "Upgrade")) != "websocket" ||
      header(headers, "Sec-WebSocket-Accept") != accept_of(key_)) {
    throw Error(ErrorKind::Corrupt, "the server's answer to the WebSocket upgrade does not fit the request");
  }
  std::string chosen(header(headers, "Sec-WebSocket-Protocol"));
  if (!chosen.empty() && std::ranges::find(protocols_, chosen) == protocols_.end()) {
    throw Error(ErrorKind::Corrupt, "the server chose WebSocket protocol \"{}\", which was not offered",
                chosen);
  }
  return chosen;
}

Error refused(int status, std::string_view text) {
  const auto kind = [status] {
    switch (status) {
      case 400:
      case 422:
        return ErrorKind::Invalid;
      case 401:
      case 403:
        return ErrorKind::Denied;
      case 404:
        return ErrorKind::NotFound;
      case 409:
        return ErrorKind::Conflict;
      case 429:
        return ErrorKind::Unavailable;
      default:
        return status >= 500 ? ErrorKind::Unavailable : ErrorKind::Unsupported;
    }
  }();
  return Error(kind, "WebSocket upgrade refused with status {}: {}", status, text);
}

std::optional<FrameHead> parse_frame_head(std::string_view bytes) {
  const auto at = [bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.size() < 2) return std::nullopt;
  FrameHead head;
  head.last = (at(0) & 0x80) != 0;
  head.opcode = static_cast<Opcode>(at(0) & 0x0f);
  if ((at(0) & 0x70) != 0) throw malformed("reserved bits are set");
  const bool control = (at(0) & 0x08) != 0;
  if ((at(0) & 0x0f) > (control ? 10 : 2)) throw malformed("unknown opcode");
  if ((at(1) & 0x80) != 0) throw malformed("the server masked it");

  const std::size_t small = at(1) & 0x7f;
  const std::size_t extra = small == 127 ? 8 : small == 126 ? 2 : 0;
  if (control && (extra > 0 || !head.last)) throw malformed("a long or divided control frame");
  if (bytes.size() < 2 + extra) return std::nullopt;
  head.size = extra > 0 ? 0 : small;
  for (std::size_t i = 0; i < extra; ++i) head.size = head.size << 8 | at(2 + i);
  head.head_size = 2 + extra;
  return head;
}

std::string encode_frame(Opcode opcode, std::string_view payload, std::array<std::byte, 4> mask) {
  const std::uint64_t size = payload.size();
  const std::size_t extra = size > 0xffff ? 8 : size > 125 ? 2 : 0;
  const auto small = extra == 8 ? std::uint64_t{127} : extra == 2 ? std::uint64_t{126} : size;
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  frame += static_cast<char>(0x80 | small);
  for (std::size_t i = extra; i > 0; --i) frame += static_cast<char>(size >> (8 * (i - 1)) & 0xff);
  for (const std::byte b : mask) frame += static_cast<char>(b);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(static_cast<std::byte>(payload[i]) ^ mask[i % 4]);
  }
  return frame;
}

namespace {

class ClientSocket final : public WebSocket {
 public:
  ClientSocket(std::unique_ptr<Stream> stream, std::string rest, std::string protocol, std::size_t limit,
               Duration idle)
      : stream_(std::move(stream)),
        received_(std::move(rest)),
        protocol_(std::move(protocol)),
        message_limit_(limit),
        idle_limit_(idle) {}

  std::string_view protocol() const override { return protocol_; }

  Task<std::optional<std::string>> read() override {
    std::string message;
    bool open_message = false;
    while (!peer_closed_) {
      Frame frame = co_await next_frame(message.size());
      switch (frame.opcode) {
        case Opcode::Ping:
          co_await send(Opcode::Pong, std::move(frame.payload));
          break;
        case Opcode::Pong:
          break;
        case Opcode::Close:
          peer_closed_ = true;
          co_await close();
          break;
        default:
          if ((frame.opcode == Opcode::Continuation) != open_message)
            throw malformed("continuation out of order");
          message += frame.payload;
          if (frame.last) co_return message;
          open_message = true;
      }
    }
    co_return std::nullopt;
  }

  Task<void> write(std::string message) override { co_await send(Opcode::Binary, std::move(message)); }

  Task<void> ping() override {
    std::string nothing;
    co_await send(Opcode::Ping, std::move(nothing));
  }

  Task<void> close() override {
    if (closing_) co_return;
    closing_ = true;
    std::string normal_closure("\x03\xe8", 2);
    co_await send(Opcode::Close, std::move(normal_closure));
  }

 private:
  struct Frame {
    Frame(FrameHead head, std::string p) : opcode(head.opcode), last(head.last), payload(std::move(p)) {}
    Opcode opcode;
    bool last;
    std::string payload;
  };

  Task<Frame> next_frame(std::size_t held) {
    std::optional<FrameHead> head;
    for (;;) {
      head = parse_frame_head(received_);
      if (head) {
        if (head->size > message_limit_ - held) {
          throw Error(ErrorKind::Corrupt, "a WebSocket message is longer than {}",
                      format_size(message_limit_));
        }
        if (received_.size() - head->head_size >= head->size) break;
      }
      co_await receive();
    }
    std::string payload = received_.substr(head->head_size, head->size);
    received_.erase(0, head->head_size + head->size);
    co_return Frame(*head, std::move(payload));
  }

  Task<void> receive() {
    const std::size_t count = co_await stream_->read_some(buffer_, idle_limit_);
    if (count == 0) throw Error(ErrorKind::Unavailable, "the WebSocket was cut without a close");
    received_ += as_text(ByteView(buffer_).first(count));
  }

  Task<void> send(Opcode opcode, std::string payload) {
    std::array<std::byte, 4> mask{};
    random_.fill(mask);
    const std::string frame = encode_frame(opcode, payload, mask);
    co_await writing_.enter();
    const Place place(writing_);
    std::vector<ByteView> pieces(1, as_bytes(frame));
    co_await stream_->write(std::move(pieces), idle_limit_);
  }

  std::unique_ptr<Stream> stream_;
  std::string received_;
  std::string protocol_;
  std::size_t message_limit_;
  Duration idle_limit_;
  std::array<std::byte, 16 << 10> buffer_{};
  SystemRandom random_;
  Gate writing_{1};  ///< neither a pong of the reader nor a ping may cut a frame of the writer in two
  bool closing_ = false;
  bool peer_closed_ = false;
};

}  // namespace

std::unique_ptr<WebSocket> open_websocket(std::unique_ptr<Stream> stream, std::string rest,
                                          std::string protocol, std::size_t message_limit,
                                          Duration idle_limit) {
  return std::make_unique<ClientSocket>(std::move(stream), std::move(rest), std::move(protocol),
                                        message_limit, idle_limit);
}

}  // namespace stash::net
