#include "engine/file_job.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/content.hpp"
#include "engine/source_reader.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// One window of a file: a refusal of the source ends up in `problem`, a refusal of the store is thrown.
struct Step {
  std::vector<BlobRef> refs;
  std::string inline_content;
  bool ended = false;
  bool changed = false;
  bool too_small = false;  ///< the file outgrew a buffer made for a small one
  FileOutcome outcome = FileOutcome::Whole;
  std::string problem;
};

class Attempt {
 public:
  Attempt(FileJobContext& context, const Found& found, std::size_t buffer_size)
      : context_(context), found_(found), buffer_(buffer_size) {}

  /// On the pool.
  Step step(BlobWriter::Lease& lease) {
    Step step;
    if (!read(step)) return step;
    const bool last = reader_.at_end();
    const ByteView data = ByteView(buffer_).first(filled_);
    if (last && nothing_stored_ && filled_ <= Entry::kMaxInline) {
      step.inline_content = as_text(data);
    } else {
      StoredChunks stored = store_chunks(context_.blobs, lease, context_.chunker, data, last);
      step.refs = std::move(stored.refs);
      nothing_stored_ = false;
      filled_ -= stored.used;
      std::memmove(buffer_.data(), buffer_.data() + stored.used, filled_);
    }
    step.ended = last;
    return step;
  }

  SourceReader& reader() { return reader_; }

 private:
  /// Opens the file where needed, fills the buffer and looks for changes at the end. False: the step is over.
  bool read(Step& step) {
    try {
      if (!opened_) {
        reader_.open(found_);
        opened_ = true;
        step.too_small = buffer_.size() < kReadWindow && reader_.stat().size > buffer_.size();
        if (step.too_small) return false;
      }
      const std::size_t got = reader_.fill(std::span(buffer_).subspan(filled_));
      filled_ += got;
      context_.progress.bytes_done += got;
      if (reader_.at_end()) step.changed = reader_.changed();
      return true;
    } catch (const Error& e) {
      const bool gone = e.kind() == ErrorKind::NotFound && !opened_;
      step.outcome = gone ? FileOutcome::Vanished : FileOutcome::Unreadable;
      step.problem = e.what();
      return false;
    }
  }

  FileJobContext& context_;
  const Found& found_;
  SourceReader reader_;
  Bytes buffer_;
  std::size_t filled_ = 0;
  bool opened_ = false;
  bool nothing_stored_ = true;
};

/// Reads the file once. Nothing: it is larger than expected, and a whole window is needed.
Task<std::optional<FileRead>> read_once(FileJobContext& context, const Found& found, std::uint64_t expected) {
  const auto size =
      static_cast<std::size_t>(std::clamp<std::uint64_t>(expected, Entry::kMaxInline, kReadWindow));
  const Budget::Hold hold = co_await context.buffers.acquire(size);
  Attempt attempt(context, found, size);
  ContentWriter content(context.blobs);
  FileRead result;
  for (bool ended = false; !ended;) {
    BlobWriter::Lease lease = co_await context.blobs.admit(BlobKind::Data, size);
    Step step = co_await net::offload(context.pool, [&] { return attempt.step(lease); });
    lease.release();
    if (step.too_small) co_return std::nullopt;
    if (step.outcome != FileOutcome::Whole) {
      result.outcome = step.outcome;
      result.problem = std::move(step.problem);
      co_return result;
    }
    for (const BlobRef& ref : step.refs) {
      const bool full = content.push(ref);
      if (full) co_await content.spill();
    }
    result.content.inline_content = std::move(step.inline_content);
    if (step.changed) result.outcome = FileOutcome::Changed;
    ended = step.ended;
  }
  co_await content.finish(result.content);
  attempt.reader().describe(result.content);
  result.stat = attempt.reader().stat();
  co_await store_xattrs(context.blobs, attempt.reader().xattrs(), result.content);
  co_return result;
}

/// The same with whatever window it takes.
Task<FileRead> read_whole(FileJobContext& context, const Found& found, std::uint64_t expected) {
  std::optional<FileRead> result = co_await read_once(context, found, expected);
  if (!result) result = co_await read_once(context, found, kReadWindow);
  co_return std::move(*result);
}

}  // namespace

Task<FileRead> read_file(FileJobContext& context, const Found& found) {
  FileRead first = co_await read_whole(context, found, found.stat.size);
  if (first.outcome != FileOutcome::Changed) co_return first;
  FileRead second = co_await read_whole(context, found, first.stat.size);
  co_return second;
}

}  // namespace stash::engine
