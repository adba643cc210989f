#include "engine/backup/file_job.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "engine/backup/block_cuts.hpp"
#include "engine/backup/source_reader.hpp"
#include "engine/parallel/signal.hpp"
#include "engine/snapshot/content.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// Windows of one file in memory. Their memory is taken at once: whoever waited for more while holding some
/// would wait for others that do the same.
constexpr std::size_t kWindows = 3;

/// What is read and cut at once. What follows the last certain cut is read again into the next window.
struct Window {
  BlobWriter::Lease lease;
  Bytes bytes = Bytes(kReadWindow);
  std::size_t filled = 0;
  std::vector<std::size_t> lengths;  ///< of the chunks at the front
  std::size_t used = 0;              ///< their sum
  std::vector<BlobRef> refs;
  bool stored = false;
};
using WindowPtr = std::shared_ptr<Window>;

/// One attempt. While one window is hashed, compressed and sealed, the next is read and cut, so that one
/// large file keeps several cores busy; the cuts do not depend on who was faster.
class Attempt {
 public:
  Attempt(FileJobContext& context, const Found& found)
      : context_(context), found_(found), content_(context.blobs) {}

  Task<FileRead> run() {
    const Budget::Hold hold = co_await context_.buffers.acquire(kWindows * kReadWindow);
    net::TaskGroup group;
    co_await group.spawn(read_windows(group));
    co_await group.join();
    if (result_.outcome == FileOutcome::Vanished || result_.outcome == FileOutcome::Unreadable)
      co_return std::move(result_);
    co_await content_.finish(result_.content);
    reader_.describe(result_.content);
    result_.stat = reader_.stat();
    result_.problem = reader_.problem();
    co_await store_xattrs(context_.blobs, reader_.xattrs(), result_.content);
    co_return std::move(result_);
  }

 private:
  Task<void> read_windows(net::TaskGroup& group) {
    WindowPtr before;
    for (bool ended = false; !ended;) {
      co_await take_refs(kWindows - 1);
      auto window = std::make_shared<Window>();
      ended = co_await net::offload(context_.pool, [&] { return fill(*window, before.get()); });
      if (ended && result_.outcome == FileOutcome::Unreadable) break;
      window->lease = co_await context_.blobs.admit(BlobKind::Data, kReadWindow);
      waiting_.push_back(window);
      co_await group.spawn(store(window));
      before = std::move(window);
    }
    co_await take_refs(0);
  }

  /// On the pool. True: that was the last one.
  bool fill(Window& window, const Window* before) {
    try {
      if (!before) open();
      if (before) {
        window.filled = before->filled - before->used;
        std::copy_n(before->bytes.begin() + static_cast<std::ptrdiff_t>(before->used), window.filled,
                    window.bytes.begin());
      }
      const std::size_t got = reader_.fill(std::span(window.bytes).subspan(window.filled));
      window.filled += got;
      context_.progress.bytes_done += got;
      const bool last = reader_.at_end();
      if (last && reader_.changed()) result_.outcome = FileOutcome::Changed;
      cut(window, last);
      return last;
    } catch (const Error& e) {
      const bool gone = e.kind() == ErrorKind::NotFound && !opened_;
      result_.outcome = gone ? FileOutcome::Vanished : FileOutcome::Unreadable;
      result_.problem = e.what();
      return true;
    }
  }

  void open() {
    reader_.open(found_);
    opened_ = true;
    if (is_cut_in_blocks(found_.path, reader_.stat())) blocks_.emplace(reader_.extents());
  }

  void cut(Window& window, bool last) {
    const ByteView data = ByteView(window.bytes).first(window.filled);
    if (last && content_offset_ == 0 && data.size() <= Entry::kMaxInline) {
      result_.content.inline_content = as_text(data);
      return;
    }
    while (window.used < data.size()) {
      const std::size_t length = next_cut(data.subspan(window.used), last);
      if (length == 0) break;
      window.lengths.push_back(length);
      window.used += length;
      content_offset_ += length;
    }
  }

  /// 0: more has to be read first.
  std::size_t next_cut(ByteView rest, bool last) {
    if (blocks_) {
      const std::size_t length = blocks_->next(content_offset_);
      return length <= rest.size() ? length : last ? rest.size() : 0;
    }
    return last || rest.size() >= Chunker::kMax ? context_.chunker.next_cut(rest, last) : 0;
  }

  Task<void> store(WindowPtr window) {
    co_await net::offload(context_.pool, [&] {
      std::vector<ByteView> chunks;
      ByteView rest = window->bytes;
      for (const std::size_t length : window->lengths) {
        chunks.push_back(rest.first(length));
        rest = rest.subspan(length);
      }
      window->refs = context_.blobs.store_all(window->lease, chunks);
    });
    window->lease.release();
    window->stored = true;
    stored_.notify_all();
  }

  /// Hands on what is stored at the front, and waits until at most `keep` windows are left.
  Task<void> take_refs(std::size_t keep) {
    while (!waiting_.empty() && (waiting_.size() > keep || waiting_.front()->stored)) {
      while (!waiting_.front()->stored) co_await stored_.wait();
      const WindowPtr window = std::move(waiting_.front());
      waiting_.pop_front();
      for (const BlobRef& ref : window->refs) {
        const bool full = content_.push(ref);
        if (full) co_await content_.spill();
      }
    }
  }

  FileJobContext& context_;
  const Found& found_;
  SourceReader reader_;
  std::optional<BlockCuts> blocks_;
  std::uint64_t content_offset_ = 0;  ///< of the next cut
  bool opened_ = false;
  ContentWriter content_;
  std::deque<WindowPtr> waiting_;
  Signal stored_;
  FileRead result_;
};

}  // namespace

Task<FileRead> read_file(FileJobContext& context, const Found& found, int attempts) {
  for (int left = attempts;; --left) {
    FileRead file = co_await Attempt(context, found).run();
    if (file.outcome != FileOutcome::Changed || left == 1) co_return file;
  }
}

}  // namespace stash::engine
