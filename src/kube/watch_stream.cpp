#include "kube/watch_stream.hpp"

#include "kube/status_error.hpp"

namespace stash::kube {
namespace {

constexpr std::size_t kChunk = std::size_t{8} << 10;

std::optional<EventType> event_type(std::string_view text) {
  if (text == "ADDED") return EventType::Added;
  if (text == "MODIFIED") return EventType::Modified;
  if (text == "DELETED") return EventType::Deleted;
  if (text == "BOOKMARK") return EventType::Bookmark;
  return std::nullopt;
}

json::Document parse_line(std::string_view line, std::string_view what) try {
  return json::parse_any_depth(line, what);
} catch (const Error& e) {
  throw Error(ErrorKind::Corrupt, "{}", e.what());
}

}  // namespace

WatchEvent parse_watch_event(std::string_view line, std::string_view what) {
  json::Document event = parse_line(line, what);
  const std::string_view type = json::text(event, "type");
  const json::Value* object = json::find(event, "object");
  if (!object || !object->IsObject()) throw Error(ErrorKind::Corrupt, "{}: an event without an object", what);
  if (type == "ERROR") throw status_error(*object, what);
  const auto known = event_type(type);
  if (!known) throw Error(ErrorKind::Corrupt, "{}: an event of unknown type \"{}\"", what, type);
  // The object becomes the document's root; the memory stays the document's.
  json::Value inner = std::move(event["object"]);
  static_cast<json::Value&>(event).Swap(inner);
  return {*known, std::move(event)};
}

HttpWatchStream::HttpWatchStream(std::unique_ptr<net::ResponseStream> body, std::string what)
    : body_(std::move(body)), what_(std::move(what)), chunk_(kChunk) {}

Task<std::optional<WatchEvent>> HttpWatchStream::read() {
  for (;;) {
    if (const auto line = lines_.next()) co_return parse_watch_event(*line, what_);
    const std::size_t got = co_await body_->read(chunk_);
    if (got == 0 && lines_.partial())
      throw Error(ErrorKind::Unavailable, "{}: the connection ended in the middle of an event", what_);
    if (got == 0) co_return std::nullopt;
    lines_.feed(as_text(ByteView(chunk_).first(got)));
  }
}

}  // namespace stash::kube
